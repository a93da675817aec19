//! What every answer of this app tells the browser not to do.

use authmint_example_pages::Site;
use axum::{Router, middleware::map_response, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, header::InvalidHeaderValue};

/// Adds the site's headers to every answer of `router`, refusals included.
///
/// # Errors
/// One of them cannot stand in a header.
pub(crate) fn harden(router: Router, site: &Site) -> Result<Router, InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    for (name, value) in site.headers() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    Ok(router.layer(map_response(move |mut response: Response| {
        response.headers_mut().extend(headers.clone());
        async move { response }
    })))
}
