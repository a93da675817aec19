//! Writing a `Set-Cookie` value (RFC 6265bis, section 4.1); nothing is encoded, what does not fit is refused.

use super::Attributes;
use crate::time::Timestamp;
use std::fmt::Write as _;

/// The most that browsers keep of a name and its value together (RFC 6265bis, section 5.6).
pub const MAX_NAME_AND_VALUE: usize = 4096;

/// How long a cookie stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Until the browser is closed.
    Session,
    /// Until a point in time. It is written twice: as `Max-Age`, counted from `now`, which holds where the
    /// browser's clock is wrong, and as `Expires` for whatever knows only that.
    At {
        /// When it ends.
        expires: Timestamp,
        /// When it is written.
        now: Timestamp,
    },
}

/// The cookie would be cut or dropped by browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CookieNotWritable {
    /// The name is empty or has a character outside RFC 9110's `token`.
    #[error("not a cookie name")]
    Name,
    /// The value has a character outside RFC 6265's `cookie-octet`.
    #[error("the value holds a character that cookies cannot carry")]
    Value,
    /// Name and value are more than browsers keep.
    #[error(
        "name and value have {0} bytes, browsers keep {MAX_NAME_AND_VALUE}: make the session JWT smaller (fewer custom claims)"
    )]
    TooLong(usize),
}

/// Writes the value of a `Set-Cookie` header.
///
/// # Errors
/// [`CookieNotWritable`] rather than a cookie that arrives changed or not at all.
pub fn set_cookie(
    name: &str,
    value: &str,
    attributes: &Attributes<'_>,
    expiry: Expiry,
) -> Result<String, CookieNotWritable> {
    if !is_token(name) {
        return Err(CookieNotWritable::Name);
    }
    if !value.bytes().all(is_cookie_octet) {
        return Err(CookieNotWritable::Value);
    }
    if name.len() + value.len() > MAX_NAME_AND_VALUE {
        return Err(CookieNotWritable::TooLong(name.len() + value.len()));
    }
    Ok(write(name, value, attributes, expiry))
}

/// Writes the value of a `Set-Cookie` header that removes a cookie which was set with the same attributes.
///
/// # Errors
/// [`CookieNotWritable::Name`] if no such cookie can exist.
pub fn clear_cookie(name: &str, attributes: &Attributes<'_>) -> Result<String, CookieNotWritable> {
    set_cookie(name, "", attributes, Expiry::At { expires: Timestamp::EPOCH, now: Timestamp::EPOCH })
}

fn write(name: &str, value: &str, attributes: &Attributes<'_>, expiry: Expiry) -> String {
    let mut out = String::with_capacity(name.len() + value.len() + 160);
    let _ = write!(out, "{name}={value}");
    if let Expiry::At { expires, now } = expiry {
        let _ = write!(out, "; Max-Age={}", expires.since(now).as_secs());
    }
    if let Some(domain) = attributes.domain {
        let _ = write!(out, "; Domain={domain}");
    }
    let _ = write!(out, "; Path={}", attributes.path);
    if let Expiry::At { expires, .. } = expiry {
        let _ = write!(out, "; Expires={}", expires.to_http_date());
    }
    for (set, text) in [
        (attributes.http_only, "; HttpOnly"),
        (attributes.secure, "; Secure"),
        (attributes.partitioned, "; Partitioned"),
    ] {
        out.push_str(if set { text } else { "" });
    }
    let _ = write!(out, "; SameSite={}", attributes.same_site.as_str());
    out
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// RFC 6265, section 4.1.1: printable ASCII without blank, quote, comma, semicolon and backslash.
fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookie::{AuthCookie, CookieOptions, CookiePolicy, Scope};

    #[test]
    fn a_refresh_cookie_carries_every_protection_by_default() {
        let policy = CookiePolicy::default();
        let attributes = policy.attributes(AuthCookie::RefreshToken, Scope::Plain, false);
        let now = Timestamp::from_unix_seconds(1_795_444_201);
        let expires = now.after(std::time::Duration::from_secs(900));
        assert_eq!(
            set_cookie("crossmint-refresh-token", "amr1x", &attributes, Expiry::At { expires, now }).unwrap(),
            "crossmint-refresh-token=amr1x; Max-Age=900; Path=/; Expires=Mon, 23 Nov 2026 14:45:01 GMT; HttpOnly; Secure; SameSite=Lax"
        );
    }

    #[test]
    fn clearing_repeats_domain_path_secure_and_partitioned() {
        let options = CookieOptions {
            domain: Some("example.com".into()),
            path: Some("/app".into()),
            partitioned: true,
            ..CookieOptions::default()
        };
        let policy = CookiePolicy::new(options).unwrap();
        assert_eq!(
            clear_cookie("crossmint-jwt", &policy.attributes(AuthCookie::Jwt, Scope::Plain, false)).unwrap(),
            "crossmint-jwt=; Max-Age=0; Domain=example.com; Path=/app; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; Partitioned; SameSite=Lax"
        );
    }

    #[test]
    fn what_browsers_would_cut_or_drop_is_refused() {
        let policy = CookiePolicy::default();
        let attributes = policy.attributes(AuthCookie::Jwt, Scope::Plain, false);
        let set = |name: &str, value: &str| set_cookie(name, value, &attributes, Expiry::Session).err();
        assert_eq!(set("a", &"v".repeat(4095)), None);
        assert_eq!(set("a", &"v".repeat(4096)), Some(CookieNotWritable::TooLong(4097)));
        for value in ["a;b", "a b", "a,b", "a\"b", "a\\b", "a\r\nSet-Cookie: x=y", "é"] {
            assert_eq!(set("a", value), Some(CookieNotWritable::Value), "{value:?}");
        }
        assert_eq!(set("a=b", "c"), Some(CookieNotWritable::Name));
        assert_eq!(set("", "c"), Some(CookieNotWritable::Name));
    }
}
