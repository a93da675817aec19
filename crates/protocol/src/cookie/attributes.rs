//! What an app may say about its cookies, checked once when it says so.

use super::{AuthCookie, CookieNames, Scope, write::is_token};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::str::FromStr;

/// The longest attribute value that browsers keep (RFC 6265bis, section 5.6).
const MAX_ATTRIBUTE: usize = 1024;

/// When a browser sends the cookie along with a request that another site caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum SameSite {
    /// Never.
    Strict,
    /// On top-level navigation by a safe method.
    #[default]
    Lax,
    /// Always; browsers demand `Secure` with it.
    None,
}

impl SameSite {
    /// The text of the attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

impl FromStr for SameSite {
    type Err = InvalidCookieOptions;

    fn from_str(text: &str) -> Result<Self, InvalidCookieOptions> {
        [Self::Strict, Self::Lax, Self::None]
            .into_iter()
            .find(|value| value.as_str().eq_ignore_ascii_case(text))
            .ok_or(InvalidCookieOptions::SameSite)
    }
}

impl<'de> Deserialize<'de> for SameSite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The cookie options of an app, as it writes them; [`CookiePolicy::new`] checks them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CookieOptions {
    /// Whether scripts are kept from the refresh token. Default: yes in the plain pair; in the scoped pair, which the
    /// browser SDK must read, only if this says so.
    pub http_only: Option<bool>,
    /// Whether scripts are kept from the session JWT too. Default: no, as existing apps read it.
    pub jwt_http_only: bool,
    /// Whether the cookies travel over TLS only. Default: yes, unless the app is visited under a loopback name.
    pub secure: Option<bool>,
    /// Default: `Lax`.
    pub same_site: Option<SameSite>,
    /// The domain whose hosts share the cookies. Default: the one host that set them.
    pub domain: Option<String>,
    /// Default: `/`.
    pub path: Option<String>,
    /// Whether each embedding site has a jar of its own (CHIPS).
    pub partitioned: bool,
    /// Put before the plain names, for example `__Host-`.
    #[serde(alias = "prefix")]
    pub name_prefix: String,
}

/// The cookie options contradict each other or the cookie grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCookieOptions {
    /// `sameSite` is none of the three.
    #[error("cookie option sameSite must be Strict, Lax or None")]
    SameSite,
    /// Browsers drop such a cookie.
    #[error("cookie option sameSite None needs Secure: leave `secure` out or set it to true")]
    SameSiteNoneNeedsSecure,
    /// Browsers drop such a cookie.
    #[error("cookie option partitioned needs Secure: leave `secure` out or set it to true")]
    PartitionedNeedsSecure,
    /// Browsers drop such a cookie.
    #[error("cookie name prefix __Secure- or __Host- needs Secure: leave `secure` out or set it to true")]
    PrefixNeedsSecure,
    /// Browsers drop such a cookie.
    #[error("cookie name prefix __Host- allows no domain and no path but /: leave both out")]
    HostPrefixNeedsHostOnly,
    /// Browsers drop such a cookie.
    #[error("cookie name prefix __Http- or __Host-Http- needs httpOnly and jwtHttpOnly")]
    HttpPrefixNeedsHttpOnly,
    /// The prefix has a character that no cookie name may have.
    #[error("cookie name prefix may hold letters, digits and !#$%&'*+-.^_`|~ only")]
    Prefix,
    /// The domain is no domain name.
    #[error("cookie option domain must be a domain name such as example.com; an address cannot be shared")]
    Domain,
    /// The path does not begin with a slash, or a browser would cut it.
    #[error("cookie option path must begin with / and hold no ; < control or non-ASCII character")]
    Path,
}

/// Cookie options that hold together.
#[derive(Debug, Clone)]
pub struct CookiePolicy {
    options: CookieOptions,
    names: CookieNames,
    /// The other options demand TLS, loopback or not.
    always_secure: bool,
}

/// The attributes of one cookie to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// `Domain`; absent for a host-only cookie.
    pub domain: Option<&'a str>,
    /// `Path`.
    pub path: &'a str,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `Secure`.
    pub secure: bool,
    /// `SameSite`.
    pub same_site: SameSite,
    /// `Partitioned`.
    pub partitioned: bool,
}

impl CookiePolicy {
    /// Checks the options.
    ///
    /// # Errors
    /// The first contradiction, so that it is met when the app starts and not when a person signs in.
    pub fn new(options: CookieOptions) -> Result<Self, InvalidCookieOptions> {
        let has_prefix = |prefix: &str| {
            options.name_prefix.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let insecure = options.secure == Some(false);
        let (none, host) = (options.same_site == Some(SameSite::None), has_prefix("__Host-"));
        let http = has_prefix("__Http-") || has_prefix("__Host-Http-");
        let prefixed = host || http || has_prefix("__Secure-");
        let host_only = options.domain.is_none() && options.path.as_deref().is_none_or(|path| path == "/");
        let faults = [
            (none && insecure, InvalidCookieOptions::SameSiteNoneNeedsSecure),
            (options.partitioned && insecure, InvalidCookieOptions::PartitionedNeedsSecure),
            (prefixed && insecure, InvalidCookieOptions::PrefixNeedsSecure),
            (host && !host_only, InvalidCookieOptions::HostPrefixNeedsHostOnly),
            (
                http && !(options.jwt_http_only && options.http_only != Some(false)),
                InvalidCookieOptions::HttpPrefixNeedsHttpOnly,
            ),
            (
                !options.name_prefix.is_empty() && !is_token(&options.name_prefix),
                InvalidCookieOptions::Prefix,
            ),
            (
                options.domain.as_deref().is_some_and(|domain| !is_domain(domain)),
                InvalidCookieOptions::Domain,
            ),
            (options.path.as_deref().is_some_and(|path| !is_path(path)), InvalidCookieOptions::Path),
        ];
        if let Some((_, fault)) = faults.into_iter().find(|(found, _)| *found) {
            return Err(fault);
        }
        let names = CookieNames::plain(&options.name_prefix);
        Ok(Self { always_secure: none || options.partitioned || prefixed, options, names })
    }

    /// The names of the plain pair.
    #[must_use]
    pub fn names(&self) -> &CookieNames {
        &self.names
    }

    /// The attributes of a cookie; `loopback` says whether the app was visited under a loopback name.
    ///
    /// The scoped pair is the browser SDK's: host-only, `Path=/`, `Lax`, as that writes it, or two cookies of one
    /// name would come to be.
    #[must_use]
    pub fn attributes(&self, cookie: AuthCookie, scope: Scope, loopback: bool) -> Attributes<'_> {
        let plain = scope == Scope::Plain;
        let http_only = match cookie {
            AuthCookie::Jwt => plain && self.options.jwt_http_only,
            AuthCookie::RefreshToken => self.options.http_only.unwrap_or(plain),
        };
        let secure = self.options.secure.unwrap_or(!loopback);
        if plain {
            Attributes {
                domain: self.options.domain.as_deref(),
                path: self.options.path.as_deref().unwrap_or("/"),
                http_only,
                secure: secure || self.always_secure,
                same_site: self.options.same_site.unwrap_or_default(),
                partitioned: self.options.partitioned,
            }
        } else {
            Attributes {
                domain: None,
                path: "/",
                http_only,
                secure,
                same_site: SameSite::Lax,
                partitioned: false,
            }
        }
    }
}

impl Default for CookiePolicy {
    fn default() -> Self {
        Self::new(CookieOptions::default()).expect("the defaults hold together")
    }
}

/// Whether a `Host` header names this machine itself, where browsers keep `Secure` cookies out of plain HTTP.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => return rest.split_once(']').is_some_and(|(address, _)| address == "::1"),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Letters, digits and hyphens in labels; an all-digit last label would be an address.
fn is_domain(domain: &str) -> bool {
    let name = domain.strip_prefix('.').unwrap_or(domain);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253
        && name.split('.').all(label)
        && !name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path.len() <= MAX_ATTRIBUTE
        && path.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !matches!(byte, b';' | b'<'))
        && path.trim_end() == path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(options: CookieOptions) -> InvalidCookieOptions {
        CookiePolicy::new(options).expect_err("the options contradict each other")
    }

    #[test]
    fn s16_contradictions_are_refused_when_the_options_are_made() {
        let none = CookieOptions { same_site: Some(SameSite::None), ..CookieOptions::default() };
        assert_eq!(
            fault(CookieOptions { secure: Some(false), ..none.clone() }),
            InvalidCookieOptions::SameSiteNoneNeedsSecure
        );
        let policy = CookiePolicy::new(none).unwrap();
        assert!(
            policy.attributes(AuthCookie::Jwt, Scope::Plain, true).secure,
            "None is Secure even on loopback"
        );

        let partitioned =
            CookieOptions { partitioned: true, secure: Some(false), ..CookieOptions::default() };
        assert_eq!(fault(partitioned), InvalidCookieOptions::PartitionedNeedsSecure);
        for (domain, path, expected) in [
            (Some("example.com"), None, InvalidCookieOptions::HostPrefixNeedsHostOnly),
            (None, Some("/app"), InvalidCookieOptions::HostPrefixNeedsHostOnly),
        ] {
            let options = CookieOptions {
                name_prefix: "__Host-".into(),
                domain: domain.map(Into::into),
                path: path.map(Into::into),
                ..CookieOptions::default()
            };
            assert_eq!(fault(options), expected);
        }
        let prefix = |prefix: &str, secure| CookieOptions {
            name_prefix: prefix.into(),
            secure,
            ..CookieOptions::default()
        };
        assert_eq!(fault(prefix("__secure-", Some(false))), InvalidCookieOptions::PrefixNeedsSecure);
        assert_eq!(fault(prefix("a b", None)), InvalidCookieOptions::Prefix);
        assert_eq!(fault(prefix("__Http-", None)), InvalidCookieOptions::HttpPrefixNeedsHttpOnly);
        let host = CookiePolicy::new(prefix("__Host-", None)).unwrap();
        assert!(host.attributes(AuthCookie::RefreshToken, Scope::Plain, true).secure);
        assert_eq!(host.names().jwt, "__Host-crossmint-jwt");
    }

    #[test]
    fn domains_and_paths_that_browsers_would_not_keep_are_refused() {
        for domain in
            ["", "a..b", "exa mple.com", "example.com; Path=/", "127.0.0.1", "-a.com", "a\n.com", "é.com"]
        {
            let options = CookieOptions { domain: Some(domain.into()), ..CookieOptions::default() };
            assert_eq!(fault(options), InvalidCookieOptions::Domain, "{domain:?}");
        }
        for path in ["", "app", "/a;b", "/a\r", "/é", "/a "] {
            let options = CookieOptions { path: Some(path.into()), ..CookieOptions::default() };
            assert_eq!(fault(options), InvalidCookieOptions::Path, "{path:?}");
        }
    }

    #[test]
    fn s20_scripts_read_the_refresh_token_only_where_the_browser_owns_the_cookie() {
        let policy = CookiePolicy::default();
        let http_only = |cookie, scope| policy.attributes(cookie, scope, false).http_only;
        assert!(http_only(AuthCookie::RefreshToken, Scope::Plain));
        assert!(!http_only(AuthCookie::RefreshToken, Scope::Scoped));
        assert!(!http_only(AuthCookie::Jwt, Scope::Plain));
    }

    #[test]
    fn the_scoped_pair_stays_as_the_browser_writes_it() {
        let options = CookieOptions {
            domain: Some("example.com".into()),
            path: Some("/app".into()),
            same_site: Some(SameSite::Strict),
            ..CookieOptions::default()
        };
        let policy = CookiePolicy::new(options).unwrap();
        let scoped = policy.attributes(AuthCookie::RefreshToken, Scope::Scoped, false);
        assert_eq!((scoped.domain, scoped.path, scoped.same_site), (None, "/", SameSite::Lax));
        assert_eq!(policy.attributes(AuthCookie::Jwt, Scope::Plain, false).domain, Some("example.com"));
    }

    #[test]
    fn only_loopback_names_are_loopback() {
        for host in [
            "localhost",
            "LOCALHOST:3000",
            "app.localhost:80",
            "localhost.",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:3000",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "[::2]",
            "notlocalhost",
            "::1",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
