//! What the guard reads out of a request.

use authmint_protocol::cookie::{CookieNames, CookiePair, is_loopback_host};
use http::{HeaderMap, Request, header, request::Parts};

/// The head of a request to the app, borrowed.
#[derive(Clone, Copy)]
pub struct RequestHead<'a> {
    headers: &'a HeaderMap,
    authority: Option<&'a str>,
}

impl<'a> RequestHead<'a> {
    pub(super) fn cookies<const N: usize>(self, names: [&CookieNames; N]) -> [CookiePair<'a>; N] {
        let headers = self.headers.get_all(header::COOKIE);
        CookiePair::read_each(headers.iter().map(header::HeaderValue::as_bytes), names)
    }

    /// Whether the answer replaces the page: only then may it clear cookies.
    ///
    /// HTTP has no conditional `Set-Cookie`: the answer to a background request may land after a new sign-in.
    /// Browsers that send no `Sec-Fetch-*` headers at all are given the benefit of the doubt.
    pub(super) fn is_navigation(self) -> bool {
        match self.headers.get("sec-fetch-dest") {
            Some(destination) => destination == "document",
            None => !["sec-fetch-mode", "sec-fetch-site", "sec-fetch-user"]
                .iter()
                .any(|name| self.headers.contains_key(*name)),
        }
    }

    /// Whether the browser or a framework only guesses that the page will be wanted.
    pub(super) fn is_prefetch(self) -> bool {
        let says = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok());
        ["sec-purpose", "purpose", "x-moz", "x-purpose"]
            .iter()
            .filter_map(|name| says(name))
            .any(|value| value.to_ascii_lowercase().contains("prefetch"))
            || self.headers.contains_key("next-router-prefetch")
    }

    /// Whether the app is visited under a loopback name, where browsers keep no `Secure` cookies over plain HTTP.
    pub(super) fn is_loopback(self) -> bool {
        let host = self.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        host.or(self.authority).is_some_and(is_loopback_host)
    }

    /// The host that the browser asked for.
    #[cfg(feature = "axum")]
    pub(crate) fn host(self) -> Option<&'a str> {
        self.headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(self.authority)
    }

    #[cfg(feature = "axum")]
    pub(crate) fn header(self, name: &str) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl<'a> From<&'a HeaderMap> for RequestHead<'a> {
    fn from(headers: &'a HeaderMap) -> Self {
        Self { headers, authority: None }
    }
}

impl<'a> From<&'a Parts> for RequestHead<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self { headers: &parts.headers, authority: parts.uri.authority().map(http::uri::Authority::as_str) }
    }
}

impl<'a, B> From<&'a Request<B>> for RequestHead<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self {
            headers: request.headers(),
            authority: request.uri().authority().map(http::uri::Authority::as_str),
        }
    }
}
