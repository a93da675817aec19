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
        calls_per_client: per_second(values, "calls_per_client"),
        refreshes_per_client: per_second(values, "refreshes_per_client"),
    }
}

fn count(values: &mut Values, key: &str) -> usize {
    usize::try_from(values.number(key)).unwrap_or(usize::MAX)
}

fn per_second(values: &mut Values, key: &str) -> u32 {
    u32::try_from(values.number(key)).unwrap_or(u32::MAX)
}

fn seconds(values: &mut Values, key: &str) -> Duration {
    Duration::from_secs(values.number(key))
}
