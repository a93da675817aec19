//! Request IDs: what a person quotes from an answer, and what finds its lines in the log.

use crate::adapter::entropy::ServiceEntropy;
use authmint_domain::port::Entropy as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::atomic::{AtomicU64, Ordering};

/// The header that carries the ID, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer IDs than proxies make are not worth a log line.
const LONGEST: usize = 64;

/// Gives each request an ID: a text drawn at start, and a counter.
pub(crate) struct RequestIds {
    start: u64,
    given: AtomicU64,
}

/// The ID of one request, fit for a header and a log line.
#[derive(Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestIds {
    pub(crate) fn new(entropy: &ServiceEntropy) -> Self {
        Self { start: u64::from_be_bytes(entropy.draw()), given: AtomicU64::new(0) }
    }

    /// The ID that a proxy gave, if it looks like one; else a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> RequestId {
        match headers.get(X_REQUEST_ID) {
            Some(given) if is_sane(given.as_bytes()) => RequestId(given.clone()),
            _ => self.next(),
        }
    }

    fn next(&self) -> RequestId {
        let count = self.given.fetch_add(1, Ordering::Relaxed);
        let text = format!("{:016x}-{count:x}", self.start);
        RequestId(
            HeaderValue::from_maybe_shared(bytes::Bytes::from(text))
                .expect("hexadecimal digits and a hyphen"),
        )
    }
}

impl RequestId {
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

/// Letters, digits and the few marks that IDs are made of: nothing that could forge a second log line.
fn is_sane(id: &[u8]) -> bool {
    !id.is_empty()
        && id.len() <= LONGEST
        && id.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_over_only_if_it_looks_like_one() {
        let ids = RequestIds::new(&ServiceEntropy::seeded(1));
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_str(text).unwrap());
            ids.of(&headers).as_str().to_owned()
        };
        assert_eq!(of("6f1c2a34-58b1"), "6f1c2a34-58b1");
        for bad in ["", "a b", "a\"b", "level=error", "\u{e9}", &"a".repeat(65)] {
            assert_ne!(of(bad), bad);
        }
        assert_ne!(of(""), of(""), "a new one each time");
    }
}
