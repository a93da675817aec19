//! The headers of every answer. What a route sets itself is left alone.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Each with its value for answers that say nothing else; pages bring a policy that lets their own parts load.
const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // No page embeds an answer as an image or script; calls by `fetch` are governed by CORS instead.
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// A year, the least that is asked for (OWASP ASVS 5.0, 3.4.1).
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

pub(super) fn set(headers: &mut HeaderMap, https: bool) {
    headers.reserve(ALWAYS.len() + 4);
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}
