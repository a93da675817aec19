//! Requests by route and answer.
//!
//! A route is a pattern of the route table, never a path that somebody sent, and an answer is a status with one of the
//! closed list of error codes: so there are as many series as the program has lines for them, whoever calls.

use crate::telemetry::{METHODS, method_index};
use authmint_protocol::ErrorCode;
use axum::extract::{MatchedPath, Request};
use http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use std::{
    fmt,
    hash::{Hash, Hasher},
    time::Duration,
};

/// What is counted under requests that no route answers.
const NO_ROUTE: &str = "none";
/// The upper bounds, in seconds: from what a signature takes to what a person no longer waits for.
const BOUNDS: [f64; 13] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Everything by route.
pub(crate) struct Routes {
    answered: Family<Answer, Counter>,
    took: Family<Route, Histogram>,
}

/// The route of one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Route {
    method: &'static str,
    route: Pattern,
}

/// What a route answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    #[prometheus(flatten)]
    of: Route,
    status: u16,
    code: &'static str,
}

/// A pattern of the route table, shared with it: a label costs no allocation.
#[derive(Clone, Debug)]
struct Pattern(Option<MatchedPath>);

impl Routes {
    pub(super) fn new(page: &mut Registry) -> Self {
        let took = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> Histogram);
        let routes = Self { answered: Family::default(), took };
        page.register("authmint_http_requests", "Requests that were answered", routes.answered.clone());
        let help = "How long answers took to make";
        page.register("authmint_http_request_duration_seconds", help, routes.took.clone());
        routes
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, of: Route, status: StatusCode, code: Option<ErrorCode>, took: Duration) {
        self.took.get_or_create(&of).observe(took.as_secs_f64());
        let answer = Answer { of, status: status.as_u16(), code: code.map_or("", ErrorCode::as_str) };
        self.answered.get_or_create(&answer).inc();
    }
}

impl Route {
    /// The route that a request goes.
    pub(crate) fn of(request: &Request) -> Self {
        let matched = request.extensions().get::<MatchedPath>().cloned();
        Self { method: METHODS[method_index(request.method())], route: Pattern(matched) }
    }
}

impl Pattern {
    fn as_str(&self) -> &str {
        self.0.as_ref().map_or(NO_ROUTE, MatchedPath::as_str)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for Pattern {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode_registry;

    #[test]
    fn a_histogram_counts_each_duration_within_every_bound_that_holds_it() {
        let mut registry = Registry::default();
        let routes = Routes::new(&mut registry);
        let route = Route { method: "GET", route: Pattern(None) };
        for ms in [0, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 30_000, 30_001] {
            routes.answered(route.clone(), StatusCode::OK, None, Duration::from_millis(ms));
        }
        let mut text = String::new();
        encode_registry(&mut text, &registry).unwrap();
        let name = "authmint_http_request_duration_seconds";
        let bounds = BOUNDS.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(2..) {
            let line = format!("{name}_bucket{{le=\"{bound}\",method=\"GET\",route=\"none\"}} {count}\n");
            assert!(text.contains(&line), "{line} of {text}");
        }
        assert!(text.contains(&format!("{name}_sum{{method=\"GET\",route=\"none\"}} 74.444\n")), "{text}");
    }
}
