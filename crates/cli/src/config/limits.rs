//! What a request may cost, as configured.

use super::source::Values;
use authmint_server::HttpLimits;
use std::time::Duration;

/// Reads every limit; each has a default, and its bounds in the table of keys.
pub(super) fn read(values: &mut Values) -> HttpLimits {
    HttpLimits {
        body: count(values, "max_body"),
        head: count(values, "max_head"),
        headers: count(values, "max_headers"),
        head_timeout: seconds(values, "head_timeout"),
        body_timeout: seconds(values, "body_timeout"),
        request_timeout: seconds(values, "request_timeout"),
        drain_timeout: seconds(values, "drain_timeout"),
        connections: count(values, "max_connections"),
    }
}

fn count(values: &mut Values, key: &str) -> usize {
    usize::try_from(values.number(key)).unwrap_or(usize::MAX)
}

fn seconds(values: &mut Values, key: &str) -> Duration {
    Duration::from_secs(values.number(key))
}
