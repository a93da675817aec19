//! What the service counts of itself, and the page on which an operator's Prometheus reads it.
//!
//! Names follow Prometheus' conventions. No label holds anything that a caller chose, an ID, or an address: their
//! values are patterns of the route table and texts of this program, so the page is as long on the busiest day as on
//! the first, and tells nobody who was there.

pub(crate) mod number;
mod page;
mod routes;
mod text;

pub(crate) use page::page;

use authmint_domain::{
    flow::refresh::{AuthMaterial, RefreshError},
    model::{rotation::Row, session::RefreshRefused},
};
use authmint_protocol::{ErrorCode, time::Timestamp};
use number::{Counter, Gauge, Tally};
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
}
