//! What the service counts of itself, and the page on which an operator's Prometheus reads it.
//!
//! Names follow Prometheus' conventions. No label holds anything that a caller chose, an ID, or an address: their
//! values are patterns of the route table and texts of this program, so the page is as long on the busiest day as on
//! the first, and tells nobody who was there.

pub(crate) mod number;
mod routes;
mod text;

use crate::app::App;
use authmint_domain::{
    flow::refresh::{AuthMaterial, RefreshError},
    model::{
        rotation::Row,
        session::RefreshRefused,
        signing_key::{KeyState, SigningKey},
    },
    port::Store as _,
};
use authmint_protocol::{ErrorCode, time::Timestamp, token::Algorithm};
use number::{Counter, Gauge, Tally};
use routes::Routes;
use std::collections::BTreeMap;
use text::{Kind, Page, seconds};

/// The rows of the refresh rule that answer, in the order of its table; the seventh ends the session.
const ROWS: [(Row, &str); 6] = [
    (Row::Adopt, "adopt"),
    (Row::Young, "young"),
    (Row::Rotate, "rotate"),
    (Row::Grace, "grace"),
    (Row::Sibling, "sibling"),
    (Row::Late, "late"),
];

/// All counts of one service.
pub(crate) struct Metrics {
    started: Timestamp,
    pub(crate) routes: Routes,
    /// Requests that are being answered.
    pub(crate) in_flight: Gauge,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// Followers of the revocation feed that wait for something to be told.
    pub(crate) feed_followers: Gauge,
    /// Entries of the revocation feed that were handed out.
    pub(crate) feed_entries: Counter,
    refreshes: [Counter; ROWS.len()],
    sessions_opened: Counter,
    thefts: Counter,
    sign_ins: Tally<2>,
    limits: Tally<1>,
    purged: Tally<1>,
    failures: Tally<1>,
}

impl Metrics {
    pub(crate) fn new(started: Timestamp) -> Self {
        Self {
            started,
            routes: Routes::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            feed_followers: Gauge::default(),
            feed_entries: Counter::default(),
            refreshes: Default::default(),
            sessions_opened: Counter::default(),
            thefts: Counter::default(),
            sign_ins: Tally::default(),
            limits: Tally::default(),
            purged: Tally::default(),
            failures: Tally::default(),
        }
    }

    /// A refresh was answered, or a one-time secret traded; what was refused stands under its code with the requests.
    pub(crate) fn refreshed(&self, outcome: &Result<AuthMaterial, RefreshError>) {
        match outcome {
            Ok(AuthMaterial { row: None, .. }) => self.sessions_opened.add(1),
            Ok(AuthMaterial { row: Some(row), .. }) => {
                if let Some(index) = ROWS.iter().position(|(known, _)| known == row) {
                    self.refreshes[index].add(1);
                }
            }
            Err(RefreshError::Refused(RefreshRefused::Theft)) => self.thefts.add(1),
            Err(_) => {}
        }
    }

    /// Somebody tried to prove who they are.
    pub(crate) fn signed_in(&self, method: &'static str, refused: Option<ErrorCode>) {
        self.sign_ins.add([method, refused.map_or("succeeded", ErrorCode::as_str)], 1);
    }

    /// Somebody was told to come back later.
    pub(crate) fn limited(&self, limit: &'static str) {
        self.limits.add([limit], 1);
    }

    /// Rows were of no more use.
    pub(crate) fn purged(&self, sessions: u64, others: u64) {
        self.purged.add(["sessions"], sessions);
        self.purged.add(["others"], others);
    }

    /// Background work failed, and will be tried again.
    pub(crate) fn failed(&self, work: &'static str) {
        self.failures.add([work], 1);
    }

    fn write_counts(&self, page: &mut Page) {
        let tally =
            |page: &mut Page, name: &str, help: &str, labels: &[&str], counts: Vec<(Vec<&str>, u64)>| {
                page.family(name, Kind::Counter, help);
                for (texts, count) in counts {
                    let labels: Vec<_> = labels.iter().copied().zip(texts).collect();
                    page.sample(name, &labels, count);
                }
            };
        let rows =
            ROWS.iter().zip(&self.refreshes).map(|((_, row), count)| (vec![*row], count.get())).collect();
        tally(
            page,
            "authmint_refreshes_total",
            "Refreshes that were answered, by row of the refresh rule.",
            &["row"],
            rows,
        );
        let count = |page: &mut Page, name, help, counter: &Counter| {
            page.single(name, Kind::Counter, help, counter.get());
        };
        count(
            page,
            "authmint_sessions_opened_total",
            "One-time secrets traded for a session.",
            &self.sessions_opened,
        );
        count(
            page,
            "authmint_thefts_total",
            "Sessions ended because two held one refresh token.",
            &self.thefts,
        );
        let (name, help) = ("authmint_sign_ins_total", "Tries to sign in, by method and outcome.");
        tally(page, name, help, &["method", "outcome"], listed(&self.sign_ins));
        let (name, help) = ("authmint_limited_total", "Requests told to come back later, by limit.");
        tally(page, name, help, &["limit"], listed(&self.limits));
        let (name, help) = ("authmint_purged_rows_total", "Rows removed because they were of no more use.");
        tally(page, name, help, &["kind"], listed(&self.purged));
        let (name, help) =
            ("authmint_background_failures_total", "Background work that failed and is tried again.");
        tally(page, name, help, &["work"], listed(&self.failures));
        count(
            page,
            "authmint_feed_entries_total",
            "Entries of the revocation feed handed out.",
            &self.feed_entries,
        );
    }
}

fn listed<const LABELS: usize>(tally: &Tally<LABELS>) -> Vec<(Vec<&'static str>, u64)> {
    tally.all().into_iter().map(|(labels, count)| (labels.to_vec(), count)).collect()
}

/// The page of a service, as of now.
pub(crate) async fn page(app: &App) -> String {
    let (metrics, context) = (app.metrics(), app.context());
    let mut page = Page::default();
    let build = "authmint_build_info";
    page.family(build, Kind::Gauge, "Which program runs; always 1.");
    page.sample(build, &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let started = u64::try_from(metrics.started.unix_millis()).unwrap_or(0);
    page.single(
        "process_start_time_seconds",
        Kind::Gauge,
        "When it was started (Unix time).",
        seconds(started),
    );
    metrics.routes.write(&mut page);
    let mut gauge = |name, help, value: i64| page.single(name, Kind::Gauge, help, value);
    gauge("authmint_http_requests_in_flight", "Requests that are being answered.", metrics.in_flight.get());
    gauge(
        "authmint_http_connections",
        "Connections that are open, the one that reads this among them.",
        metrics.connections.get(),
    );
    let most = i64::try_from(app.config().limits.connections).unwrap_or(i64::MAX);
    gauge("authmint_http_connections_max", "Connections that may be open; others wait.", most);
    let followers = metrics.feed_followers.get();
    gauge("authmint_feed_followers", "Followers of the revocation feed that wait.", followers);
    metrics.write_counts(&mut page);
    let (handed_over, refused) = context.mailer.counts();
    let mails = "authmint_mails_total";
    page.family(mails, Kind::Counter, "Mails, by whether the mail server took them.");
    page.sample(mails, &[("outcome", "handed_over")], handed_over);
    page.sample(mails, &[("outcome", "refused")], refused);
    // A store that does not answer is told apart from one without keys: the families are there, or they are not.
    let keys = context.store.signing_keys().await;
    page.single("authmint_store_up", Kind::Gauge, "Whether the store answers.", u8::from(keys.is_ok()));
    if let Ok(read) = keys {
        write_keys(&mut page, &read.keys);
    }
    page.into_text()
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
