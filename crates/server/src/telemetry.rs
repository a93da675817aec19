//! What is written down of a request: one line when it is answered, and a span that ties other lines to it.
//!
//! Never in it: tokens, codes, addresses of people, cookies, query strings, raw paths (a path may carry anything).

use crate::{
    app::AppConfig,
    http::{caller::peer, request_id::RequestId},
};
use authmint_protocol::{ErrorCode, id::ProjectId};
use axum::extract::{MatchedPath, Request};
use http::StatusCode;
use tracing::{Span, field};

/// Opens the span of a request; where traces are collected, it says what it is, and whose trace it continues.
pub(crate) fn span(config: &AppConfig, request: &Request, id: &RequestId) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let method = METHODS[method_index(request.method())];
    let span = tracing::info_span!(
        "request",
        id = id.as_str(),
        method,
        route,
        project = field::Empty,
        status = field::Empty,
        code = field::Empty,
        "otel.kind" = field::Empty,
        "otel.name" = field::Empty,
        "otel.status_code" = field::Empty,
    );
    if let Some(continue_trace) = config.continue_trace {
        span.record("otel.kind", "server");
        span.record("otel.name", format!("{method} {route}"));
        if config.trusted_proxies.trusts(peer(request.extensions()).to_canonical()) {
            continue_trace(&span, request.headers());
        }
    }
    span
}

/// Notes in the current span how its request ended: for traces, since the log has a line of it.
pub(crate) fn note_answer(config: &AppConfig, status: StatusCode, code: Option<ErrorCode>) {
    if config.continue_trace.is_none() {
        return;
    }
    let span = Span::current();
    span.record("status", status.as_u16());
    if let Some(code) = code {
        span.record("code", code.as_str());
    }
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
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
