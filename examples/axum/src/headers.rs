//! What every answer of this app tells the browser not to do.

use axum::{Router, middleware::map_response, response::Response};
use http::{
    HeaderName, HeaderValue,
    header::{
        CONTENT_SECURITY_POLICY, InvalidHeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

/// Adds the headers to every answer of `router`, refusals included.
///
/// `service_origin` is the one other origin that scripts may call: where the browser signs in.
///
/// # Errors
/// The origin cannot stand in a header.
pub(crate) fn harden(router: Router, service_origin: &str) -> Result<Router, InvalidHeaderValue> {
    // Scripts and styles only from this app's own files: injected markup finds nothing to run. No form is ever
    // submitted by the browser itself, so that an address typed before the script has loaded stays out of the URL.
    let policy = HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self' {service_origin}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'"
    ))?;
    let headers: [(HeaderName, HeaderValue); 5] = [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    Ok(router.layer(map_response(move |mut response: Response| {
        response.headers_mut().extend(headers.clone());
        async move { response }
    })))
}
