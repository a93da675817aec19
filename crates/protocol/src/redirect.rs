//! Redirect URIs: registered as sound ones, and then compared to the letter (RFC 9700, section 2.1).

use std::net::Ipv6Addr;

/// The longest redirect URI.
pub const MAX_LEN: usize = 512;

/// The text cannot be registered as a redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a redirect URI is an https URL, an http one of a loopback name, or one of an app's own scheme with a dot in it \
     (com.example.app:/cb); without user, fragment, backslash or dot segments, and of at most 512 characters"
)]
pub struct InvalidRedirectUri;

/// The candidate is none of the registered redirect URIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this redirect_uri is not registered for the project: it must be one of them, to the letter")]
pub struct RedirectNotAllowed;

impl RedirectNotAllowed {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "redirect_not_allowed"
    }
}

/// Whether a redirect may go to `candidate`: it must be one of the registered ones, byte for byte, and sound itself, should
/// the list have come from elsewhere.
///
/// # Errors
/// [`RedirectNotAllowed`].
pub fn check(registered: &[String], candidate: &str) -> Result<(), RedirectNotAllowed> {
    let known = registered.iter().any(|known| known == candidate);
    if known && check_sound(candidate).is_ok() { Ok(()) } else { Err(RedirectNotAllowed) }
}

/// Checks what a project wants to register.
///
/// # Errors
/// [`InvalidRedirectUri`].
pub fn check_sound(text: &str) -> Result<(), InvalidRedirectUri> {
    let plain = text.len() <= MAX_LEN
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte));
    let (scheme, rest) = text.split_once(':').ok_or(InvalidRedirectUri)?;
    let sound = match scheme {
        "https" => authority(rest).is_some_and(|host| !host.is_empty()),
        "http" => authority(rest).is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host)),
        // A scheme of the app's own (RFC 8252, section 7.1): a name in reverse, so that it is no scheme that a browser runs.
        scheme => {
            let name = |part: &str| {
                !part.is_empty()
                    && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            scheme.contains('.')
                && scheme.split('.').all(name)
                && scheme.starts_with(|c: char| c.is_ascii_lowercase())
                && rest.starts_with('/')
                && !rest.starts_with("//")
        }
    };
    let path = rest.split('?').next().unwrap_or_default();
    let dots = path.split('/').any(|segment| matches!(segment, "." | ".."));
    // An encoded slash, backslash, dot or control character is read differently by those on the way.
    let lower = text.to_ascii_lowercase();
    let encoded =
        ["%2f", "%5c", "%2e", "%00", "%0a", "%0d", "%09", "%25"].iter().any(|code| lower.contains(code));
    if plain && sound && !dots && !encoded { Ok(()) } else { Err(InvalidRedirectUri) }
}

/// The host of what follows a scheme, in lower case and without anything before an `@`; a port must be a number.
fn authority(rest: &str) -> Option<&str> {
    let authority = rest.strip_prefix("//")?.split(['/', '?']).next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let numbered = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0));
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let bracketed = inner.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let plain = bracketed || (host.bytes().all(named) && !host.starts_with('.') && !host.contains(".."));
    (numbered && plain).then_some(host)
}

/// The redirect URI with parameters added to its query, each percent-encoded; what it has itself stays as it is.
#[must_use]
pub fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut out = uri.to_owned();
    for (name, value) in parameters {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_33_exactly_what_was_registered_and_nothing_like_it() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../vectors/redirect/redirect-uri.json")).unwrap();
        let list: Vec<String> = serde_json::from_value(vectors["allowlist"].clone()).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.len() > 50);
        let mut allowed = 0;
        for case in cases {
            let candidate = case["candidate"].as_str().unwrap();
            let expected = case["expect"] == "allow";
            assert_eq!(check(&list, candidate).is_ok(), expected, "{candidate}: {}", case["why"]);
            allowed += usize::from(expected);
        }
        assert_eq!(allowed, 4);
    }

    #[test]
    fn threat_34_what_could_run_or_mislead_is_not_registered() {
        for sound in [
            "https://app.example/cb",
            "https://app.example:8443/cb?x=1",
            "http://localhost:3000/auth/callback",
            "http://127.0.0.1/cb",
            "http://[::1]:3000/cb",
            "com.example.app:/oauth2redirect",
            "https://xn--bcher-kva.example/",
        ] {
            assert_eq!(check_sound(sound), Ok(()), "{sound}");
        }
        for broken in [
            "",
            "/cb",
            "//app.example/cb",
            "https://[app.example]/cb",
            "https://[1::2::3]/cb",
            "app.example/cb",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "myapp://cb",
            "com.example.app://host/cb",
            "http://app.example/cb",
            "http://localhost.app.example/cb",
            "https://",
            "https:///cb",
            "https://app.example/cb#x",
            "https://app.example/cb#",
            "https://user@app.example/cb",
            "https://app.example\\@evil.example/",
            "https://app.example/a/../b",
            "https://app.example/%2e%2e/b",
            "https://app.example/a%2fb",
            "https://app.example/a%5cb",
            "https://app.example:0/cb",
            "https://app.example:99999/cb",
            "https://*.app.example/cb",
            "https://App.example/cb",
            "https://app..example/cb",
            "https://app.example/ cb",
            "https://app.example/\u{e4}",
            "https://app.example/\ncb",
        ] {
            assert_eq!(check_sound(broken), Err(InvalidRedirectUri), "{broken}");
            assert_eq!(check(&[broken.to_owned()], broken), Err(RedirectNotAllowed), "{broken}");
        }
        assert!(check_sound(&format!("https://app.example/{}", "a".repeat(500))).is_err());
    }

    #[test]
    fn parameters_are_added_and_break_out_of_nothing() {
        assert_eq!(
            with_parameters("https://a.example/cb", &[("code", "x"), ("state", "a&b=c#")]),
            "https://a.example/cb?code=x&state=a%26b%3Dc%23"
        );
        assert_eq!(
            with_parameters("https://a.example/cb?x=1", &[("code", "\r\n")]),
            "https://a.example/cb?x=1&code=%0D%0A"
        );
    }
}
