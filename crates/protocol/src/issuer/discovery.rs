//! The discovery document of an issuer (OpenID Connect Discovery 1.0, sections 3 and 4; RFC 8414, section 3).

use crate::token::json;
use serde_json::Value;

/// The longest discovery document that is read.
pub const MAX_LEN: usize = 64 * 1024;

/// A discovery document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// It is too long, no unambiguous JSON object, or lacks a text.
    #[error("no discovery document: an object with the texts issuer and jwks_uri is expected")]
    Malformed,
    /// It speaks for another issuer (section 4.3: both must be identical).
    #[error("the discovery document is that of {found:?}, and {expected:?} is expected, to the letter")]
    IssuerMismatch {
        /// The issuer that was asked for.
        expected: String,
        /// What the document says.
        found: String,
    },
    /// The key set lies where anybody could exchange it.
    #[error("the discovery document names a key set at {0:?}, which is no https URL")]
    KeySetUrl(String),
}

/// Where the discovery document of an issuer is, if it is a URL.
#[must_use]
pub fn url_of(issuer: &str) -> Option<String> {
    is_web_url(issuer).then(|| format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))
}

/// Where the document says that the issuer's key set is.
///
/// # Errors
/// [`DiscoveryError`].
pub fn jwks_uri(document: &[u8], issuer: &str) -> Result<String, DiscoveryError> {
    let metadata = Some(document).filter(|document| document.len() <= MAX_LEN).and_then(json::parse_object);
    let metadata = metadata.ok_or(DiscoveryError::Malformed)?;
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).ok_or(DiscoveryError::Malformed);
    let (found, url) = (text("issuer")?, text("jwks_uri")?);
    if found != issuer {
        return Err(DiscoveryError::IssuerMismatch { expected: issuer.to_owned(), found: found.to_owned() });
    }
    // An issuer that is reached in the clear, which is one on this machine, may have its keys there, too.
    if is_web_url(url) && (url.starts_with("https://") || issuer.starts_with("http://")) {
        Ok(url.to_owned())
    } else {
        Err(DiscoveryError::KeySetUrl(url.to_owned()))
    }
}

/// Whether a text is an https URL, or an http one of a loopback name: plain, without user, query or fragment.
pub(super) fn is_web_url(text: &str) -> bool {
    let host_of = |rest: &str| {
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        host.to_owned()
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}?#".contains(&byte));
    // What stands before an @ is no host, though it be made to look like one.
    let named = |host: &str| !host.is_empty() && !host.contains('@');
    let loopback = |host: &str| ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    plain
        && match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => named(&host_of(rest)),
            (_, Some(rest)) => loopback(&host_of(rest)),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example.com/";

    fn read(document: &str) -> Result<String, DiscoveryError> {
        jwks_uri(document.as_bytes(), ISSUER)
    }

    #[test]
    fn a_document_of_the_issuer_names_its_key_set() {
        assert_eq!(url_of(ISSUER).unwrap(), "https://id.example.com/.well-known/openid-configuration");
        assert_eq!(
            url_of("https://x.example/t").unwrap(),
            "https://x.example/t/.well-known/openid-configuration"
        );
        assert_eq!(
            read(r#"{"issuer":"https://id.example.com/","jwks_uri":"https://keys.example.com/k"}"#).unwrap(),
            "https://keys.example.com/k"
        );
    }

    #[test]
    fn a_document_that_speaks_for_another_or_for_nobody_is_refused() {
        let other = read(r#"{"issuer":"https://id.example.com","jwks_uri":"https://keys.example.com/k"}"#);
        assert!(matches!(other, Err(DiscoveryError::IssuerMismatch { .. })));
        for url in ["http://keys.example.com/k", "file:///k", "https://", "https://a@b/", "javascript:1"] {
            let document = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{url}"}}"#);
            assert!(matches!(read(&document), Err(DiscoveryError::KeySetUrl(_))), "{url}");
        }
        let twice = format!(r#"{{"issuer":"{ISSUER}","issuer":"{ISSUER}","jwks_uri":"https://k.example/"}}"#);
        let long =
            format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"https://k.example/{}"}}"#, "k".repeat(MAX_LEN));
        for broken in ["", "[]", "{}", r#"{"issuer":7,"jwks_uri":"https://k.example/"}"#, &twice, &long] {
            assert_eq!(read(broken), Err(DiscoveryError::Malformed));
        }
    }

    #[test]
    fn an_issuer_on_this_machine_may_be_reached_in_the_clear_and_no_other() {
        assert!(url_of("http://localhost:4000").is_some() && url_of("http://[::1]:4000/x").is_some());
        for elsewhere in
            ["http://id.example.com", "http://localhost.example.com", "stytch.com/x", "privy.io", ""]
        {
            assert_eq!(url_of(elsewhere), None, "{elsewhere}");
        }
        let document = br#"{"issuer":"http://127.0.0.1:1","jwks_uri":"http://127.0.0.1:1/k"}"#;
        assert_eq!(jwks_uri(document, "http://127.0.0.1:1").unwrap(), "http://127.0.0.1:1/k");
    }
}
