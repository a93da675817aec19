//! The page that Prometheus reads: what was counted, and what the store says at that moment.

use crate::app::App;
use authmint_domain::{
    model::signing_key::{KeyState, SigningKey},
    port::Store as _,
};
use authmint_protocol::{time::Timestamp, token::Algorithm};
use authmint_store::WriteCounts;
use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::{collections::BTreeMap, fmt};

/// The page of a service, as of now.
pub(crate) async fn page(app: &App) -> String {
    let keys = app.context().store.signing_keys().await;
    let mut now = Registry::default();
    let up: Gauge = super::register(&mut now, "authmint_store_up", "Whether the store answers");
    put_writes(&mut now, app.context().store.write_counts());
    // A store that does not answer is told apart from one without keys: the families are there, or they are not.
    if let Ok(read) = keys {
        up.set(1);
        put_keys(&mut now, &read.keys);
    }
    write(&[&app.metrics().registry, &now]).expect("writing to a text cannot fail")
}

fn write(parts: &[&Registry]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    for part in parts {
        encode_registry(&mut text, part)?;
    }
    encode_eof(&mut text)?;
    Ok(text)
}

/// How many callers share one wait for the disk is the quotient of the first two.
fn put_writes(page: &mut Registry, counts: WriteCounts) {
    for (name, help, count) in [
        ("authmint_store_write_groups", "Transactions that were committed", counts.groups),
        ("authmint_store_writes", "Writes that were committed in them", counts.writes),
        ("authmint_store_write_groups_undone", "Transactions that were undone", counts.undone),
    ] {
        let counter: Counter = super::register(page, name, help);
        counter.inc_by(count);
    }
}

/// How many keys there are of each algorithm and state, and since when the youngest of them is so.
fn put_keys(page: &mut Registry, keys: &[SigningKey]) {
    let mut states: BTreeMap<(&'static str, &'static str), (i64, Timestamp)> = BTreeMap::new();
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
    type Gauges = Family<[(&'static str, &'static str); 2], Gauge>;
    let count: Gauges =
        super::register(page, "authmint_signing_keys", "Signing keys, by algorithm and state");
    let since: Gauges = super::register(
        page,
        "authmint_signing_key_since_timestamp_seconds",
        "Since when the youngest signing key of a state is in it (Unix time)",
    );
    for ((algorithm, state), (number, at)) in states {
        let labels = [("algorithm", algorithm), ("state", state)];
        count.get_or_create(&labels).set(number);
        if number > 0 {
            since.get_or_create(&labels).set(at.unix_seconds());
        }
    }
}
