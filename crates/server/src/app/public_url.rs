//! The address that the service is known by, from which alone links and the issuer are built.

use std::fmt;
use url::{Host, Url};

/// The service's public base URL: `http` or `https`, a host, perhaps a path prefix; no slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    prefix: String,
    https: bool,
    loopback: bool,
}

/// The text is no public URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the public URL must look like https://auth.example.com or https://example.com/auth: no query, no fragment, no user"
)]
pub struct InvalidPublicUrl;

impl PublicUrl {
    /// Reads a public URL.
    ///
    /// # Errors
    /// [`InvalidPublicUrl`] if it is of another scheme or carries more than host, port and path.
    pub fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let url = Url::parse(text).map_err(|_| InvalidPublicUrl)?;
        let plain = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let prefix = url.path().trim_end_matches('/');
        // Characters that mean something to a route table, and empty segments, which proxies fold.
        let routable = !prefix.contains(['{', '}', '*', ':', '%']) && !prefix.contains("//");
        if !plain || !routable || !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidPublicUrl);
        }
        let loopback = match url.host().ok_or(InvalidPublicUrl)? {
            Host::Domain(name) => is_loopback_name(name),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.to_canonical().is_loopback(),
        };
        Ok(Self {
            text: url.as_str().trim_end_matches('/').to_owned(),
            prefix: prefix.to_owned(),
            https: url.scheme() == "https",
            loopback,
        })
    }

    /// The URL: the `iss` of session JWTs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port, as browsers write an origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.text[..self.text.len() - self.prefix.len()]
    }

    /// The path under which everything is served: empty, or beginning with a slash.
    #[must_use]
    pub fn path_prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether browsers reach it over TLS.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// Whether its host is this machine.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a host name is this machine by definition (RFC 6761, section 6.3).
pub(crate) fn is_loopback_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_has_one_form() {
        let read = |text: &str| {
            let url = PublicUrl::parse(text).expect(text);
            (url.to_string(), url.path_prefix().to_owned(), url.is_https(), url.is_loopback())
        };
        assert_eq!(
            read("HTTPS://Auth.Example.com:443/"),
            ("https://auth.example.com".into(), String::new(), true, false)
        );
        assert_eq!(
            read("https://example.com/auth/"),
            ("https://example.com/auth".into(), "/auth".into(), true, false)
        );
        assert_eq!(
            read("http://localhost:8420"),
            ("http://localhost:8420".into(), String::new(), false, true)
        );
        assert_eq!(read("http://[::1]:8420"), ("http://[::1]:8420".into(), String::new(), false, true));
    }

    #[test]
    fn whatever_else_a_url_may_carry_is_refused() {
        for bad in [
            "auth.example.com",
            "//auth.example.com",
            "ftp://example.com",
            "https://",
            "https://a@example.com",
            "https://a:b@example.com",
            "https://example.com?x",
            "https://example.com/#x",
            "https://example.com/{id}",
            "https://example.com/a//b",
        ] {
            assert_eq!(PublicUrl::parse(bad), Err(InvalidPublicUrl), "{bad}");
        }
    }
}
