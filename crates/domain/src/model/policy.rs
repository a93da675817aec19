//! What a project chooses: lifetimes and windows, each with its default and its bounds.

use super::rotation::Windows;
use authmint_protocol::{id::ProjectId, redirect, token::algorithm::Algorithm};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// A project's choices; every span is in whole seconds where it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// G: how long after a rotation its contenders still get the same answer.
    #[serde(with = "seconds")]
    pub grace: Duration,
    /// M: how long a row stays young, answering without a rotation; 0 switches it off.
    #[serde(with = "seconds")]
    pub settle: Duration,
    /// Life of a session JWT; shortened by up to 5 % when minted, never lengthened.
    #[serde(with = "seconds")]
    pub session_jwt_ttl: Duration,
    /// A session ends when nothing rotates it for this long.
    #[serde(with = "seconds")]
    pub idle: Duration,
    /// A session ends this long after its sign-in, whatever happens: the last defence against a quiet thief.
    #[serde(with = "seconds")]
    pub absolute: Duration,
    /// Life of a one-time secret.
    #[serde(with = "seconds")]
    pub one_time_secret_ttl: Duration,
    /// Life of an email code.
    #[serde(with = "seconds")]
    pub code_ttl: Duration,
    /// Whether session JWTs carry the user's email address; a JWT in a cookie should carry no personal data.
    pub email_in_jwt: bool,
    /// What session JWTs are signed with; a key for it is made as soon as a project asks for it.
    #[serde(with = "algorithm")]
    pub signing_algorithm: Algorithm,
    /// Whether session JWTs are made for Crossmint's custom-token provider, too: see [`JWT_AUDIENCE_CROSSMINT`].
    pub crossmint_custom_token: bool,
    /// Claims that every session JWT of the project carries beside those that the service decides.
    pub custom_claims: BTreeMap<String, serde_json::Value>,
    /// Where the sign-in page may send a person back to, each to the letter.
    pub redirect_uris: Vec<String>,
    /// The colour of buttons on pages and in mails, as `#rrggbb`.
    pub accent_color: String,
    /// A small picture on pages, as a `data:` URL of a PNG, JPEG or WebP; empty: none.
    pub logo: String,
}

/// The accent colour of a project that chooses none.
pub const ACCENT_COLOR: &str = "#3b5bdb";

/// The most redirect URIs of a project, and the longest logo in bytes of its URL.
const MOST_REDIRECT_URIS: usize = 50;
const LONGEST_LOGO: usize = 32 * 1024;

/// What stands in `aud` after the project's ID where a JWT is for Crossmint's custom-token provider, too; its `iss` is the
/// project's ID then, and it is signed with RS256, which is all that this provider takes.
pub const JWT_AUDIENCE_CROSSMINT: &str = "crossmint.com";

impl Default for Policy {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(10),
            settle: Duration::from_secs(180),
            session_jwt_ttl: Duration::from_secs(15 * 60),
            idle: Duration::from_secs(30 * 86_400),
            absolute: Duration::from_secs(90 * 86_400),
            one_time_secret_ttl: Duration::from_secs(2 * 60),
            code_ttl: Duration::from_secs(10 * 60),
            email_in_jwt: false,
            signing_algorithm: Algorithm::Es256,
            crossmint_custom_token: false,
            custom_claims: BTreeMap::new(),
            redirect_uris: Vec::new(),
            accent_color: ACCENT_COLOR.to_owned(),
            logo: String::new(),
        }
    }
}

/// Claims that the service decides, or that say to others whom a token is for: no project sets them.
const RESERVED_CLAIMS: [&str; 16] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "amr",
    "acr",
    "auth_time",
    "email",
    "azp",
    "act",
    "cnf",
    "nonce",
];

/// Bytes of all custom claims as JSON: the JWT lies in a cookie, and browsers drop one of more than 4096 bytes.
const LONGEST_CUSTOM_CLAIMS: usize = 1024;

/// Existing clients refresh 120 s before the end and never schedule a refresh for a shorter life.
pub const SHORTEST_JWT_TTL: Duration = Duration::from_secs(3 * 60);

/// A JWT cannot be called back where it is verified offline: its key must be published, and its session's end be told on
/// the revocation feed, as long as it lives.
pub const LONGEST_JWT_TTL: Duration = Duration::from_secs(3600);

/// A code that lives longer is no longer an out-of-band secret (NIST SP 800-63B-4, section 3.1.3.2).
pub const LONGEST_CODE_TTL: Duration = Duration::from_secs(10 * 60);

/// A choice lies outside its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting} must be {rule}")]
pub struct PolicyFault {
    /// The setting's name as it is written in configuration.
    pub setting: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

impl Policy {
    /// The `iss` of the project's session JWTs, where the service's own is `service`.
    #[must_use]
    pub fn jwt_issuer(&self, project_id: ProjectId, service: &str) -> String {
        if self.crossmint_custom_token { project_id.to_string() } else { service.to_owned() }
    }

    /// G and M, as the rotation rule takes them.
    #[must_use]
    pub const fn windows(&self) -> Windows {
        Windows { grace: self.grace, settle: self.settle }
    }

    /// Every choice that lies outside its bounds; `relaxed` lifts those that only protect production.
    #[must_use]
    pub fn faults(&self, relaxed: bool) -> Vec<PolicyFault> {
        let zero = Duration::ZERO;
        let checks = [
            ("session_jwt_ttl", "at least 180 s", relaxed || self.session_jwt_ttl >= SHORTEST_JWT_TTL),
            ("session_jwt_ttl", "more than 0 s", self.session_jwt_ttl > zero),
            ("session_jwt_ttl", "at most 3600 s", self.session_jwt_ttl <= LONGEST_JWT_TTL),
            ("idle", "longer than session_jwt_ttl", self.idle > self.session_jwt_ttl),
            ("idle", "longer than settle, else nothing ever extends it", self.idle > self.settle),
            ("absolute", "at least as long as idle", self.absolute >= self.idle),
            (
                "one_time_secret_ttl",
                "more than 0 s and at most 600 s",
                in_bounds(self.one_time_secret_ttl, 600),
            ),
            (
                "code_ttl",
                "more than 0 s and at most 600 s",
                in_bounds(self.code_ttl, LONGEST_CODE_TTL.as_secs()),
            ),
            ("grace", "at most 60 s: within it two holders are not told apart", self.grace.as_secs() <= 60),
            (
                "settle",
                "at most 3600 s: within it a stolen token is not found out",
                self.settle.as_secs() <= 3600,
            ),
            (
                "redirect_uris",
                "at most 50 URLs: https, http on a loopback name, or an app's own scheme with a dot in it; each without \
                 user, fragment and dot segments, and of at most 512 characters",
                self.redirect_uris.len() <= MOST_REDIRECT_URIS
                    && self.redirect_uris.iter().all(|uri| redirect::check_sound(uri).is_ok()),
            ),
            ("accent_color", "a colour such as #3b5bdb", is_color(&self.accent_color)),
            (
                "logo",
                "a data: URL in base64 of a PNG, JPEG or WebP of at most 32 KiB, or empty",
                self.logo.is_empty() || is_logo(&self.logo),
            ),
            (
                "crossmint_custom_token",
                "off unless signing_algorithm is RS256: Crossmint's custom-token provider takes no other",
                !self.crossmint_custom_token || self.signing_algorithm == Algorithm::Rs256,
            ),
            (
                "custom_claims",
                "named by 1 to 64 characters, and by no name that the service decides (iss, sub, aud, exp, nbf, iat, \
                 jti, sid, amr, acr, auth_time, email, azp, act, cnf, nonce)",
                self.custom_claims.keys().all(|name| is_custom_claim(name)),
            ),
            (
                "custom_claims",
                "at most 1024 bytes of JSON: the JWT must fit into a cookie",
                self.custom_claims.is_empty()
                    || serde_json::to_vec(&self.custom_claims)
                        .is_ok_and(|json| json.len() <= LONGEST_CUSTOM_CLAIMS),
            ),
        ];
        checks
            .into_iter()
            .filter(|(_, _, holds)| !holds)
            .map(|(setting, rule, _)| PolicyFault { setting, rule })
            .collect()
    }
}

/// Choices to be made anew; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyChange {
    /// See [`Policy::grace`].
    pub grace: Option<Duration>,
    /// See [`Policy::settle`].
    pub settle: Option<Duration>,
    /// See [`Policy::session_jwt_ttl`].
    pub session_jwt_ttl: Option<Duration>,
    /// See [`Policy::idle`].
    pub idle: Option<Duration>,
    /// See [`Policy::absolute`].
    pub absolute: Option<Duration>,
    /// See [`Policy::one_time_secret_ttl`].
    pub one_time_secret_ttl: Option<Duration>,
    /// See [`Policy::code_ttl`].
    pub code_ttl: Option<Duration>,
    /// See [`Policy::email_in_jwt`].
    pub email_in_jwt: Option<bool>,
    /// See [`Policy::signing_algorithm`].
    pub signing_algorithm: Option<Algorithm>,
    /// See [`Policy::crossmint_custom_token`].
    pub crossmint_custom_token: Option<bool>,
    /// See [`Policy::custom_claims`]; all of them at once.
    pub custom_claims: Option<BTreeMap<String, serde_json::Value>>,
    /// See [`Policy::redirect_uris`]; all of them at once.
    pub redirect_uris: Option<Vec<String>>,
    /// See [`Policy::accent_color`].
    pub accent_color: Option<String>,
    /// See [`Policy::logo`].
    pub logo: Option<String>,
}

impl PolicyChange {
    /// The policy after the change; whether it is within its bounds is for [`Policy::faults`] to say.
    #[must_use]
    pub fn apply(&self, policy: &Policy) -> Policy {
        Policy {
            grace: self.grace.unwrap_or(policy.grace),
            settle: self.settle.unwrap_or(policy.settle),
            session_jwt_ttl: self.session_jwt_ttl.unwrap_or(policy.session_jwt_ttl),
            idle: self.idle.unwrap_or(policy.idle),
            absolute: self.absolute.unwrap_or(policy.absolute),
            one_time_secret_ttl: self.one_time_secret_ttl.unwrap_or(policy.one_time_secret_ttl),
            code_ttl: self.code_ttl.unwrap_or(policy.code_ttl),
            email_in_jwt: self.email_in_jwt.unwrap_or(policy.email_in_jwt),
            signing_algorithm: self.signing_algorithm.unwrap_or(policy.signing_algorithm),
            crossmint_custom_token: self.crossmint_custom_token.unwrap_or(policy.crossmint_custom_token),
            custom_claims: self.custom_claims.clone().unwrap_or_else(|| policy.custom_claims.clone()),
            redirect_uris: self.redirect_uris.clone().unwrap_or_else(|| policy.redirect_uris.clone()),
            accent_color: self.accent_color.clone().unwrap_or_else(|| policy.accent_color.clone()),
            logo: self.logo.clone().unwrap_or_else(|| policy.logo.clone()),
        }
    }

    /// The names of what it changes.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            ("grace", self.grace.is_some()),
            ("settle", self.settle.is_some()),
            ("session_jwt_ttl", self.session_jwt_ttl.is_some()),
            ("idle", self.idle.is_some()),
            ("absolute", self.absolute.is_some()),
            ("one_time_secret_ttl", self.one_time_secret_ttl.is_some()),
            ("code_ttl", self.code_ttl.is_some()),
            ("email_in_jwt", self.email_in_jwt.is_some()),
            ("signing_algorithm", self.signing_algorithm.is_some()),
            ("crossmint_custom_token", self.crossmint_custom_token.is_some()),
            ("custom_claims", self.custom_claims.is_some()),
            ("redirect_uris", self.redirect_uris.is_some()),
            ("accent_color", self.accent_color.is_some()),
            ("logo", self.logo.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name)
    }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A picture whose kind is what its first bytes say: none in which a program could hide, such as SVG.
fn is_logo(url: &str) -> bool {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    const KINDS: [(&str, &[u8]); 3] = [
        ("data:image/png;base64,", b"\x89PNG\r\n\x1a\n"),
        ("data:image/jpeg;base64,", b"\xff\xd8\xff"),
        ("data:image/webp;base64,", b"RIFF"),
    ];
    url.len() <= LONGEST_LOGO
        && KINDS.iter().any(|(prefix, magic)| {
            let bytes = url.strip_prefix(prefix).and_then(|text| BASE64_STANDARD.decode(text).ok());
            bytes.is_some_and(|bytes| bytes.starts_with(magic))
        })
}

fn is_custom_claim(name: &str) -> bool {
    (1..=64).contains(&name.len()) && !name.chars().any(char::is_control) && !RESERVED_CLAIMS.contains(&name)
}

fn in_bounds(span: Duration, most: u64) -> bool {
    span > Duration::ZERO && span <= Duration::from_secs(most)
}

mod seconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(span.as_secs())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

mod algorithm {
    use authmint_protocol::token::algorithm::Algorithm;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(value: &Algorithm, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Algorithm, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        Algorithm::from_name(&name).ok_or_else(|| D::Error::custom("an algorithm is ES256, RS256 or EdDSA"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_bounds() {
        assert_eq!(Policy::default().faults(false), []);
    }

    #[test]
    fn every_fault_is_listed_at_once() {
        let broken = Policy {
            session_jwt_ttl: Duration::from_secs(5),
            code_ttl: Duration::from_secs(601),
            ..Policy::default()
        };
        let settings = |relaxed| broken.faults(relaxed).iter().map(|fault| fault.setting).collect::<Vec<_>>();
        assert_eq!(settings(false), ["session_jwt_ttl", "code_ttl"]);
        assert_eq!(settings(true), ["code_ttl"]);
    }

    #[test]
    fn threat_12_no_project_sets_a_claim_that_the_service_decides() {
        let with = |name: &str, value: serde_json::Value| Policy {
            custom_claims: BTreeMap::from([(name.to_owned(), value)]),
            ..Policy::default()
        };
        for reserved in RESERVED_CLAIMS {
            assert_eq!(with(reserved, true.into()).faults(true).len(), 1, "{reserved}");
        }
        assert_eq!(with("", true.into()).faults(true).len(), 1);
        assert_eq!(with("long", "x".repeat(1024).into()).faults(true).len(), 1);
        assert_eq!(with("https://app.example/role", serde_json::json!({ "role": ["a"] })).faults(false), []);
    }

    #[test]
    fn a_policy_reads_back_and_unknown_settings_are_refused() {
        let policy = Policy { settle: Duration::ZERO, ..Policy::default() };
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
        assert!(serde_json::from_str::<Policy>(r#"{"gracee":1}"#).is_err());
    }

    #[test]
    fn the_algorithm_is_written_by_its_name_and_a_policy_of_before_means_es256() {
        let policy = Policy { signing_algorithm: Algorithm::EdDsa, ..Policy::default() };
        let text = serde_json::to_string(&policy).unwrap();
        assert!(text.contains(r#""signing_algorithm":"EdDSA""#), "{text}");
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
        assert_eq!(serde_json::from_str::<Policy>("{}").unwrap().signing_algorithm, Algorithm::Es256);
        for unknown in ["none", "HS256", "es256"] {
            let text = format!(r#"{{"signing_algorithm":"{unknown}"}}"#);
            assert!(serde_json::from_str::<Policy>(&text).is_err(), "{unknown}");
        }
    }
}
