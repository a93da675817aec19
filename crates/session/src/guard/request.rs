//! What the guard reads out of a request.

use super::headers::RequestHeaders;
use authmint_protocol::cookie::{self, CookieNames, CookiePair, is_loopback_host};
use http::{HeaderMap, Request, request::Parts};

/// The head of a request to the app, borrowed.
#[derive(Clone, Copy)]
pub struct RequestHead<'a> {
    headers: &'a dyn RequestHeaders,
    authority: Option<&'a str>,
}

impl<'a> RequestHead<'a> {
    /// The head of a request of any framework; the authority is that of its target, which HTTP/2 sends for `Host`.
    pub fn new(headers: &'a dyn RequestHeaders, authority: Option<&'a str>) -> Self {
        Self { headers, authority }
    }

    pub(super) fn cookies<const N: usize>(self, names: [&CookieNames; N]) -> [CookiePair<'a>; N] {
        let headers = (0..).map_while(|index| self.headers.cookies(index));
        CookiePair::read_each(headers, names)
    }

    /// Whether the answer replaces the page: only then may it clear cookies.
    ///
    /// HTTP has no conditional `Set-Cookie`: the answer to a background request may land after a new sign-in.
    /// Browsers that send no `Sec-Fetch-*` headers at all are given the benefit of the doubt.
    pub(super) fn is_navigation(self) -> bool {
        match self.headers.first("sec-fetch-dest") {
            Some(destination) => destination == b"document",
            None => !["sec-fetch-mode", "sec-fetch-site", "sec-fetch-user"]
                .iter()
                .any(|name| self.headers.first(name).is_some()),
        }
    }

    /// Whether the browser or a framework only guesses that the page will be wanted.
    pub(super) fn is_prefetch(self) -> bool {
        ["sec-purpose", "purpose", "x-moz", "x-purpose"]
            .iter()
            .filter_map(|name| self.header(name))
            .any(|value| value.to_ascii_lowercase().contains("prefetch"))
            || self.headers.first("next-router-prefetch").is_some()
    }

    /// Whether the app is visited under a loopback name, where browsers keep no `Secure` cookies over plain HTTP.
    pub(super) fn is_loopback(self) -> bool {
        self.host().is_some_and(is_loopback_host)
    }

    /// The token of an `Authorization` header with the scheme `Bearer` (RFC 6750, section 2.1).
    pub(super) fn bearer(self) -> Option<&'a str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
    }

    /// The value of a cookie of this name.
    pub(super) fn cookie(self, name: &str) -> Option<&'a str> {
        let mut headers = (0..).map_while(|index| self.headers.cookies(index));
        let value = headers.find_map(|header| cookie::find(header, name))?;
        std::str::from_utf8(cookie::unquoted(value)).ok()
    }

    /// The names of all cookies.
    pub(super) fn cookie_names(self) -> impl Iterator<Item = &'a str> {
        let headers = (0..).map_while(move |index| self.headers.cookies(index));
        headers.flat_map(cookie::pairs).filter_map(|(name, _)| std::str::from_utf8(name).ok())
    }

    /// The host that the browser asked for.
    pub(crate) fn host(self) -> Option<&'a str> {
        self.header("host").or(self.authority)
    }

    /// The first value under a name, if it is text.
    pub(crate) fn header(self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.headers.first(name)?).ok().filter(|text| text.is_ascii())
    }
}

impl<'a> From<&'a HeaderMap> for RequestHead<'a> {
    fn from(headers: &'a HeaderMap) -> Self {
        Self::new(headers, None)
    }
}

impl<'a> From<&'a Parts> for RequestHead<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self::new(&parts.headers, parts.uri.authority().map(http::uri::Authority::as_str))
    }
}

impl<'a, B> From<&'a Request<B>> for RequestHead<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self::new(request.headers(), request.uri().authority().map(http::uri::Authority::as_str))
    }
}
