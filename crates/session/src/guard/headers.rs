//! The headers of a request and of its answer, in whatever type a web framework keeps them.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The headers of a request to the app.
pub trait RequestHeaders: Sync {
    /// The first value under a name; the name is in lower case.
    fn first(&self, name: &str) -> Option<&[u8]>;

    /// One `Cookie` header after another: HTTP/2 may bring it in pieces (RFC 9113, section 8.2.3).
    fn cookies(&self, index: usize) -> Option<&[u8]>;
}

/// The headers of the app's answer.
pub trait AnswerHeaders {
    /// Whether a value under this name is such a one.
    fn any(&self, name: &HeaderName, is: impl FnMut(&[u8]) -> bool) -> bool;

    /// Adds a value beside those that are there.
    fn append(&mut self, name: HeaderName, value: HeaderValue);

    /// Puts a value in the place of those that are there.
    fn replace(&mut self, name: HeaderName, value: HeaderValue);
}

impl RequestHeaders for HeaderMap {
    fn first(&self, name: &str) -> Option<&[u8]> {
        self.get(name).map(HeaderValue::as_bytes)
    }

    fn cookies(&self, index: usize) -> Option<&[u8]> {
        self.get_all(header::COOKIE).iter().nth(index).map(HeaderValue::as_bytes)
    }
}

impl AnswerHeaders for HeaderMap {
    fn any(&self, name: &HeaderName, mut is: impl FnMut(&[u8]) -> bool) -> bool {
        self.get_all(name).iter().any(|value| is(value.as_bytes()))
    }

    fn append(&mut self, name: HeaderName, value: HeaderValue) {
        HeaderMap::append(self, name, value);
    }

    fn replace(&mut self, name: HeaderName, value: HeaderValue) {
        self.insert(name, value);
    }
}
