//! Requests by route and answer.
//!
//! A route is a pattern of the route table, never a path that somebody sent, and an answer is one of the closed list
//! of error codes: so there are as many series as the program has lines for them, whoever calls.

use super::{
    number::{Counter, Histogram},
    text::{Kind, Page, seconds},
};
use crate::telemetry::{METHODS, method_index};
use authmint_protocol::ErrorCode;
use axum::extract::{MatchedPath, Request};
use http::StatusCode;
use std::{
    array,
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

/// What is counted under requests that no route answers.
const NO_ROUTE: &str = "none";
/// The statuses of answers that carry no error code; others are counted together.
const PLAIN: [u16; 2] = [200, 204];

/// Everything by route, once its first request has come.
#[derive(Default)]
pub(crate) struct Routes([RwLock<BTreeMap<Box<str>, Arc<Route>>>; METHODS.len()]);

/// What one route has answered.
pub(crate) struct Route {
    /// By error code, in the order of their list.
    refused: Box<[Counter]>,
    /// By status, without one.
    plain: [Counter; PLAIN.len() + 1],
    took: Histogram,
}

impl Routes {
    /// The numbers of the request's route.
    pub(crate) fn of(&self, request: &Request) -> Arc<Route> {
        let matched = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str);
        let routes = &self.0[method_index(request.method())];
        let known = routes.read().unwrap_or_else(PoisonError::into_inner).get(matched).cloned();
        known.unwrap_or_else(|| {
            let mut routes = routes.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(routes.entry(matched.into()).or_default())
        })
    }

    pub(super) fn write(&self, page: &mut Page) {
        let known: [Vec<_>; METHODS.len()] = array::from_fn(|index| {
            let routes = self.0[index].read().unwrap_or_else(PoisonError::into_inner);
            routes.iter().map(|(name, route)| (name.clone(), Arc::clone(route))).collect()
        });
        let all = || {
            METHODS.iter().zip(&known).flat_map(|(method, routes)| routes.iter().map(move |r| (*method, r)))
        };

        const REQUESTS: &str = "authmint_http_requests_total";
        page.family(REQUESTS, Kind::Counter, "Requests that were answered.");
        for (method, (name, route)) in all() {
            for (status, code, count) in route.answers() {
                let labels = [("method", method), ("route", name), ("status", &status), ("code", code)];
                page.sample(REQUESTS, &labels, count);
            }
        }
        const TOOK: &str = "authmint_http_request_duration_seconds";
        page.family(TOOK, Kind::Histogram, "How long answers took to make.");
        for (method, (name, route)) in all() {
            route.write_durations(page, TOOK, [("method", method), ("route", name)]);
        }
    }
}

impl Default for Route {
    fn default() -> Self {
        let refused = ErrorCode::ALL.iter().map(|_| Counter::default()).collect();
        Self { refused, plain: Default::default(), took: Histogram::default() }
    }
}

impl Route {
    /// Counts an answer.
    pub(crate) fn answered(&self, status: StatusCode, code: Option<ErrorCode>, ms: u64) {
        match code {
            // The codes are numbered as they stand in their list.
            Some(code) => self.refused[code as usize].add(1),
            None => {
                let index = PLAIN.iter().position(|plain| *plain == status.as_u16());
                self.plain[index.unwrap_or(PLAIN.len())].add(1);
            }
        }
        self.took.record(ms);
    }

    fn answers(&self) -> impl Iterator<Item = (String, &'static str, u64)> {
        let status = |index| PLAIN.get(index).map_or_else(|| "other".to_owned(), u16::to_string);
        let plain = self.plain.iter().enumerate().map(move |(index, count)| (status(index), "", count.get()));
        let refused = ErrorCode::ALL
            .iter()
            .zip(&self.refused)
            .map(|(code, count)| (code.status().to_string(), code.as_str(), count.get()));
        plain.chain(refused).filter(|(_, _, count)| *count > 0)
    }

    fn write_durations(&self, page: &mut Page, name: &str, [method, route]: [(&str, &str); 2]) {
        let counts = self.took.cumulated();
        let total = counts[Histogram::BOUNDS_MS.len()];
        let bounds = Histogram::BOUNDS_MS.map(seconds).into_iter().chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(counts) {
            page.sample(&format!("{name}_bucket"), &[method, route, ("le", &bound)], count);
        }
        page.sample(&format!("{name}_sum"), &[method, route], seconds(self.took.sum_ms()));
        page.sample(&format!("{name}_count"), &[method, route], total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_counted_under_its_own_name() {
        let route = Route::default();
        for code in ErrorCode::ALL {
            route.answered(StatusCode::BAD_REQUEST, Some(*code), 1);
        }
        let counted: Vec<_> = route.answers().collect();
        let listed = ErrorCode::ALL.iter().map(|code| (code.status().to_string(), code.as_str(), 1));
        assert_eq!(counted, listed.collect::<Vec<_>>());
    }
}
