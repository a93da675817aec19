//! Calls from pages of other origins, without credentials.
//!
//! A preflight carries no API key, so it is answered to anyone; the key's origins are enforced on the call itself.
//! Nothing here depends on cookies, and `Access-Control-Allow-Credentials` is never sent.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "x-api-key, x-client-name, x-client-version, content-type, x-app-identifier, x-extension-id, authorization",
);
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After");
const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// Answers an OPTIONS call.
pub(super) fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

/// Lets the page that asked read the answer, whatever it is: a refusal that cannot be read helps nobody.
pub(super) fn allow(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.append(header::VARY, ORIGIN);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
}
