//! The page that Prometheus reads, written anew each time: the one list of all names.

use super::{
    Metrics, ROWS,
    text::{Kind, Page, seconds},
};
use crate::app::App;
use authmint_domain::{
    model::signing_key::{KeyState, SigningKey},
    port::Store as _,
};
use authmint_protocol::{time::Timestamp, token::Algorithm};
use std::collections::BTreeMap;

/// The page of a service, as of now.
pub(crate) async fn page(app: &App) -> String {
    let (metrics, context) = (app.metrics(), app.context());
    let mut page = Page::default();
    let build = "authmint_build_info";
    page.family(build, Kind::Gauge, "Which program runs; always 1.");
    page.sample(build, &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let started = u64::try_from(metrics.started.unix_millis()).unwrap_or(0);
    page.gauge("process_start_time_seconds", "When it was started (Unix time).", seconds(started));
    metrics.routes.write(&mut page);
    write_open(&mut page, metrics, app.config().limits.connections);
    write_counts(&mut page, metrics);
    let (handed_over, refused) = context.mailer.counts();
    let mails = [(["handed_over"], handed_over), (["refused"], refused)];
    page.tally("authmint_mails_total", "Mails, by whether the mail server took them.", ["outcome"], mails);
    // A store that does not answer is told apart from one without keys: the families are there, or they are not.
    let keys = context.store.signing_keys().await;
    page.gauge("authmint_store_up", "Whether the store answers.", u8::from(keys.is_ok()));
    if let Ok(read) = keys {
        write_keys(&mut page, &read.keys);
    }
    page.into_text()
}

/// What there is just now.
fn write_open(page: &mut Page, metrics: &Metrics, most: usize) {
    page.gauge(
        "authmint_http_requests_in_flight",
        "Requests that are being answered.",
        metrics.in_flight.get(),
    );
    let open = metrics.connections.get();
    page.gauge(
        "authmint_http_connections",
        "Connections that are open, the one that reads this among them.",
        open,
    );
    page.gauge("authmint_http_connections_max", "Connections that may be open; others wait.", most);
    let followers = metrics.feed_followers.get();
    page.gauge("authmint_feed_followers", "Followers of the revocation feed that wait.", followers);
}

/// What has happened since the start.
fn write_counts(page: &mut Page, metrics: &Metrics) {
    page.tally(
        "authmint_refreshes_total",
        "Refreshes that were answered, by row of the refresh rule.",
        ["row"],
        ROWS.iter().zip(&metrics.refreshes).map(|((_, row), count)| ([*row], count.get())),
    );
    let opened = metrics.sessions_opened.get();
    page.counter("authmint_sessions_opened_total", "One-time secrets traded for a session.", opened);
    let thefts = metrics.thefts.get();
    page.counter("authmint_thefts_total", "Sessions ended because two held one refresh token.", thefts);
    page.tally(
        "authmint_sign_ins_total",
        "Tries to sign in, by method and outcome.",
        ["method", "outcome"],
        metrics.sign_ins.all(),
    );
    page.tally(
        "authmint_limited_total",
        "Requests told to come back later, by limit.",
        ["limit"],
        metrics.limits.all(),
    );
    page.tally(
        "authmint_purged_rows_total",
        "Rows removed because they were of no more use.",
        ["kind"],
        metrics.purged.all(),
    );
    page.tally(
        "authmint_background_failures_total",
        "Background work that failed and is tried again.",
        ["work"],
        metrics.failures.all(),
    );
    let entries = metrics.feed_entries.get();
    page.counter("authmint_feed_entries_total", "Entries of the revocation feed handed out.", entries);
}

/// How many keys there are of each algorithm and state, and since when the youngest of them is so.
fn write_keys(page: &mut Page, keys: &[SigningKey]) {
    let mut states: BTreeMap<(&str, &str), (u64, Timestamp)> = BTreeMap::new();
    for algorithm in Algorithm::ALL {
        for state in ["next", "active"] {
            if keys.iter().any(|key| key.algorithm() == algorithm) {
                states.insert((algorithm.as_str(), state), (0, Timestamp::EPOCH));
            }
        }
    }
    for key in keys {
        let since = match key.state {
            KeyState::Next { .. } => key.created_at,
            KeyState::Active { since: at, .. } | KeyState::Retired { at } | KeyState::Revoked { at } => at,
        };
        let state = states.entry((key.algorithm().as_str(), key.state.as_str())).or_insert((0, since));
        *state = (state.0 + 1, state.1.max(since));
    }
    let count = "authmint_signing_keys";
    page.family(count, Kind::Gauge, "Signing keys, by algorithm and state.");
    for ((algorithm, state), (number, _)) in &states {
        page.sample(count, &[("algorithm", algorithm), ("state", state)], number);
    }
    let since = "authmint_signing_key_since_timestamp_seconds";
    page.family(since, Kind::Gauge, "Since when the youngest signing key of a state is in it (Unix time).");
    for ((algorithm, state), (_, at)) in states.iter().filter(|(_, (number, _))| *number > 0) {
        page.sample(since, &[("algorithm", algorithm), ("state", state)], at.unix_seconds());
    }
}
