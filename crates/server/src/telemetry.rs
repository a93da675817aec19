//! What is written down of a request: one line when it is answered, and a span that ties other lines to it.
//!
//! Never in it: tokens, codes, addresses of people, cookies, query strings, raw paths (a path may carry anything).

use crate::http::request_id::RequestId;
use authmint_protocol::{ErrorCode, id::ProjectId};
use axum::extract::{MatchedPath, Request};
use http::StatusCode;
use tracing::{Span, field};

/// Opens the span of a request.
pub(crate) fn span(request: &Request, id: &RequestId) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    tracing::info_span!(
        "request",
        id = id.as_str(),
        method = METHODS[method_index(request.method())],
        route,
        project = field::Empty,
    )
}

/// Notes in the current span whose request this is.
pub(crate) fn note_project(id: ProjectId) {
    let span = Span::current();
    if !span.is_disabled() {
        span.record("project", field::display(id));
    }
}

/// Writes the line of an answered request.
pub(crate) fn answered(status: StatusCode, code: Option<ErrorCode>, ms: u64) {
    let (status, code) = (status.as_u16(), code.map(ErrorCode::as_str));
    if status >= 500 {
        tracing::warn!(status, code, ms, "answered");
    } else {
        tracing::info!(status, code, ms, "answered");
    }
}

/// The methods that exist; whatever else a caller made up reaches neither log nor metrics.
pub(crate) const METHODS: [&str; 10] =
    ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "other"];

/// Which of them it is.
pub(crate) fn method_index(method: &http::Method) -> usize {
    METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1)
}
