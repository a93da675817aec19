//! What the service counts of itself, and the page on which an operator's Prometheus reads it.
//!
//! Names follow Prometheus' conventions; the page is OpenMetrics text, which adds `_total` to a counter's name. No label
//! holds anything that a caller chose, an ID, or an address: their values are patterns of the route table and texts of
//! this program, so the page is as long on the busiest day as on the first, and tells nobody who was there.

mod page;
mod routes;

pub(crate) use page::page;
pub(crate) use routes::Route;

use authmint_domain::{
    flow::refresh::{AuthMaterial, RefreshError},
    model::{rotation::Row, session::RefreshRefused},
};
use authmint_protocol::{ErrorCode, time::Timestamp};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::{Metric, Registry},
};
use routes::Routes;

/// The rows of the refresh rule that answer, in the order of its table; the seventh ends the session.
const ROWS: [(Row, &str); 6] = [
    (Row::Adopt, "adopt"),
    (Row::Young, "young"),
    (Row::Rotate, "rotate"),
    (Row::Grace, "grace"),
    (Row::Sibling, "sibling"),
    (Row::Late, "late"),
];

/// Counters by texts of this program, each under the name of its label.
pub(crate) type Counters<const LABELS: usize> = Family<[(&'static str, &'static str); LABELS], Counter>;

/// All counts of one service.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) routes: Routes,
    /// Requests that are being answered.
    pub(crate) in_flight: Present,
    /// Connections that are open.
    pub(crate) connections: Present,
    /// Followers of the revocation feed that wait for something to be told.
    pub(crate) feed_followers: Present,
    /// Entries of the revocation feed that were handed out.
    pub(crate) feed_entries: Counter,
    refreshes: [Counter; ROWS.len()],
    sessions_opened: Counter,
    thefts: Counter,
    sign_ins: Counters<2>,
    limits: Counters<1>,
    purged: Counters<1>,
    failures: Counters<1>,
}

/// How many there are just now.
pub(crate) struct Present(Gauge);

/// One of them, until this is dropped.
pub(crate) struct Entered<'p>(&'p Present);

impl Present {
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.0.inc();
        Entered(self)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.0.dec();
    }
}

impl Metrics {
    /// Nothing counted yet, by a service that was `started` then, lets so many connections be open, and whose mailer
    /// counts its mails.
    pub(crate) fn new(started: Timestamp, connections_max: usize, mails: Counters<1>) -> Self {
        let mut registry = Registry::default();
        let page = &mut registry;
        page.register(
            "authmint_build",
            "Which program runs; always 1",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let since: Gauge = register(page, "process_start_time_seconds", "When it was started (Unix time)");
        since.set(started.unix_seconds());
        let max: Gauge =
            register(page, "authmint_http_connections_max", "Connections that may be open; others wait");
        max.set(i64::try_from(connections_max).unwrap_or(i64::MAX));
        page.register("authmint_mails", "Mails, by whether the mail server took them", mails);
        let rows: Counters<1> =
            register(page, "authmint_refreshes", "Refreshes that were answered, by row of the refresh rule");
        Self {
            routes: Routes::new(page),
            in_flight: Present(register(
                page,
                "authmint_http_requests_in_flight",
                "Requests that are being answered",
            )),
            connections: Present(register(
                page,
                "authmint_http_connections",
                "Connections that are open, the one that reads this among them",
            )),
            feed_followers: Present(register(
                page,
                "authmint_feed_followers",
                "Followers of the revocation feed that wait",
            )),
            feed_entries: register(
                page,
                "authmint_feed_entries",
                "Entries of the revocation feed handed out",
            ),
            refreshes: ROWS.map(|(_, row)| rows.get_or_create_owned(&[("row", row)])),
            sessions_opened: register(
                page,
                "authmint_sessions_opened",
                "One-time secrets traded for a session",
            ),
            thefts: register(page, "authmint_thefts", "Sessions ended because two held one refresh token"),
            sign_ins: register(page, "authmint_sign_ins", "Tries to sign in, by method and outcome"),
            limits: register(page, "authmint_limited", "Requests told to come back later, by limit"),
            purged: register(page, "authmint_purged_rows", "Rows removed because they were of no more use"),
            failures: register(
                page,
                "authmint_background_failures",
                "Background work that failed and is tried again",
            ),
            registry,
        }
    }

    /// A refresh was answered, or a one-time secret traded; what was refused stands under its code with the requests.
    pub(crate) fn refreshed(&self, outcome: &Result<AuthMaterial, RefreshError>) {
        match outcome {
            Ok(AuthMaterial { row: None, .. }) => {
                self.sessions_opened.inc();
            }
            Ok(AuthMaterial { row: Some(row), .. }) => {
                if let Some(index) = ROWS.iter().position(|(known, _)| known == row) {
                    self.refreshes[index].inc();
                }
            }
            Err(RefreshError::Refused(RefreshRefused::Theft)) => {
                self.thefts.inc();
            }
            Err(_) => {}
        }
    }

    /// Somebody tried to prove who they are.
    pub(crate) fn signed_in(&self, method: &'static str, refused: Option<ErrorCode>) {
        let outcome = refused.map_or("succeeded", ErrorCode::as_str);
        self.sign_ins.get_or_create(&[("method", method), ("outcome", outcome)]).inc();
    }

    /// Somebody was told to come back later.
    pub(crate) fn limited(&self, limit: &'static str) {
        self.limits.get_or_create(&[("limit", limit)]).inc();
    }

    /// Rows were of no more use.
    pub(crate) fn purged(&self, sessions: u64, others: u64) {
        self.purged.get_or_create(&[("kind", "sessions")]).inc_by(sessions);
        self.purged.get_or_create(&[("kind", "others")]).inc_by(others);
    }

    /// Background work failed, and will be tried again.
    pub(crate) fn failed(&self, work: &'static str) {
        self.failures.get_or_create(&[("work", work)]).inc();
    }
}

/// A metric that stands on the page under this name; the library ends its help with a full stop.
fn register<M: Metric + Clone + Default>(page: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    page.register(name, help, metric.clone());
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_is_not_counted_any_more() {
        let gauge = Present(Gauge::default());
        let (one, other) = (gauge.enter(), gauge.enter());
        drop(one);
        assert_eq!(gauge.0.get(), 1);
        drop(other);
        assert_eq!(gauge.0.get(), 0);
    }
}
