//! Conversions between what JavaScript hands over and what the guard speaks. No decision is made here.

#![forbid(unsafe_code)]

#[cfg(target_arch = "wasm32")]
use crate::wasm::ed25519::check as check_ed25519;
#[cfg(not(target_arch = "wasm32"))]
use authmint_protocol::token::native::{self, check_ed25519};

use authmint::{
    AuthError, AuthMaterial, AuthOptions, ConfigError, CookieOptions, Revocation,
    guard::{Call, RequestHead, RequestHeaders, SIGN_IN_DRAW, SharedKey},
};
use authmint_protocol::{
    api_key::{ApiKey, Usage},
    issuer::IssuerTerms,
    jwk::KeySet,
    secret::{RefreshToken, SessionJwt},
    time::Timestamp,
    token::JwtError,
    wire::user::User,
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use std::time::Duration;

/// A time as JavaScript counts it: milliseconds since the epoch. What is no time at all is the epoch.
pub(crate) fn time(millis: f64) -> Timestamp {
    // The cast stops at the ends of the range and makes zero of what is no number.
    #[expect(clippy::cast_possible_truncation, reason = "saturates, which is what is wanted")]
    Timestamp::from_unix_millis(millis as i64)
}

/// A span as JavaScript counts it.
pub(crate) fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// The head of a request as lines, names in lower case and values by turns.
pub(crate) struct Head<'l>(Vec<(&'l [u8], &'l [u8])>);

/// Reads a head. What no header may hold is left out: it holds no token.
pub(crate) fn head(lines: &[u8]) -> Head<'_> {
    let sound = |value: &[u8]| value.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f));
    let (mut lines, mut fields) = (lines.split(|byte| *byte == b'\n'), Vec::new());
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        if sound(value) {
            fields.push((name, value));
        }
    }
    Head(fields)
}

impl Head<'_> {
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |(found, _)| *found == name.as_bytes()).map(|(_, value)| *value)
    }
}

impl RequestHeaders for Head<'_> {
    fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    fn cookies(&self, index: usize) -> Option<&[u8]> {
        self.values("cookie").nth(index)
    }
}

impl<'a> From<&'a Head<'_>> for RequestHead<'a> {
    fn from(head: &'a Head<'_>) -> Self {
        Self::new(head, None)
    }
}

/// What the host drew for a sign-in; less than it takes would be guessed.
pub(crate) fn drawn(bytes: &[u8]) -> Option<[u8; SIGN_IN_DRAW]> {
    bytes.try_into().ok()
}

/// A reply of the service; of its headers only those that the guard reads.
pub(crate) fn reply(
    status: u16,
    cache_control: Option<&str>,
    retry_after: Option<&str>,
    body: &[u8],
) -> Response<Bytes> {
    let mut reply = Response::new(Bytes::copy_from_slice(body));
    // A status that is none is no answer of the service: it counts as a failure that may pass.
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, text) in [(header::CACHE_CONTROL, cache_control), (header::RETRY_AFTER, retry_after)] {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

/// The options, as `ts/options.ts` writes them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Options {
    api_key: String,
    base_url: Option<String>,
    issuer: Option<String>,
    #[serde(default)]
    cookie_options: CookieOptions,
    try_limit_ms: Option<u64>,
    total_limit_ms: Option<u64>,
    jwt_capacity: Option<usize>,
    revocation: Option<RevocationName>,
    #[serde(default)]
    issuers: Vec<IssuerTerms>,
    issuer_cookie: Option<String>,
    client_key: Option<String>,
    redirect_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RevocationName {
    BestEffort,
    Required,
    Off,
}

impl Options {
    /// Reads them; the error names the option.
    pub(crate) fn read(json: &str) -> Result<Self, Fault> {
        serde_json::from_slice(json.as_bytes()).map_err(|error| Fault {
            code: "option_invalid",
            status: 500,
            // What was written may be a secret: only the place and kind of the fault are told.
            message: format!("an option is not as it should be: {}", without_position(&error.to_string())),
        })
    }

    /// The guard's own options.
    pub(crate) fn build(self) -> Result<AuthOptions, ConfigError> {
        let mut options = AuthOptions::new(self.api_key).cookies(self.cookie_options).accept_client_key();
        if let Some(url) = self.base_url {
            options = options.base_url(url);
        }
        if let Some(issuer) = self.issuer {
            options = options.issuer(issuer);
        }
        options = self.issuers.into_iter().fold(options, AuthOptions::trust);
        if let Some(name) = self.issuer_cookie {
            options = options.issuer_cookie(name);
        }
        if let Some(key) = self.client_key {
            options = options.client_key(key);
        }
        if let Some(uri) = self.redirect_uri {
            options = options.redirect_uri(uri);
        }
        if let Some(capacity) = self.jwt_capacity {
            options = options.jwt_capacity(capacity.max(1));
        }
        options = options.revocation(match self.revocation {
            Some(RevocationName::Required) => Revocation::Required,
            Some(RevocationName::Off) => Revocation::Off,
            Some(RevocationName::BestEffort) | None => Revocation::BestEffort,
        });
        let limit = |given: Option<u64>, default| Duration::from_millis(given.unwrap_or(default));
        let all = limit(self.total_limit_ms, 6000);
        let one = limit(self.try_limit_ms, 3000).min(all);
        options.limits(one, all).or_crossmint(check_ed25519)
    }
}

/// serde's message without the place in a text that the person never wrote.
fn without_position(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text)
}

/// Why something was refused, with its stable code.
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    /// What an app may answer: 500 for a fault of its own configuration, 401 for a token that somebody sent.
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        Self { code: error.code(), status: 500, message: error.to_string() }
    }
}

impl From<JwtError> for Fault {
    fn from(error: JwtError) -> Self {
        Self { code: error.code(), status: 401, message: error.to_string() }
    }
}

/// Checks an API key's text, and who may hold it if the app says so.
pub(crate) fn check_key(key: &str, usage: Option<&str>) -> Result<(), Fault> {
    use authmint_protocol::api_key::ApiKeyError::{ClientRequired, ServerRequired};
    let key = ApiKey::parse(key).map_err(ConfigError::from)?;
    match (usage, key.usage) {
        (Some("server"), Usage::Client) => Err(ConfigError::from(ServerRequired).into()),
        (Some("client"), Usage::Server) => Err(ConfigError::from(ClientRequired).into()),
        _ => Ok(()),
    }
}

/// Auth material that the app got by other means.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Material {
    jwt: SessionJwt,
    refresh_token: RefreshToken,
    expires_at_ms: f64,
}

impl Material {
    pub(crate) fn read(json: &str) -> Option<AuthMaterial> {
        let Self { jwt, refresh_token, expires_at_ms } = serde_json::from_slice(json.as_bytes()).ok()?;
        let user = User { id: String::new(), email: None, phone_number: None };
        Some(AuthMaterial { jwt, refresh_token, refresh_expires_at: time(expires_at_ms), user })
    }
}

/// Reads a key set that was given by hand.
pub(crate) fn key_set(text: &[u8]) -> Result<KeySet, Fault> {
    KeySet::parse(text).map_err(|error| Fault {
        code: error.code(),
        status: 500,
        message: format!("the key set is refused: {error}"),
    })
}

/// Verifies a JWT with a key set given by hand, and gives its claims as JSON.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn verify(
    jwt: &str,
    keys: &[u8],
    expected: &authmint_protocol::token::Expected,
    now: Timestamp,
) -> Result<String, Fault> {
    let claims = native::verify(jwt, &key_set(keys)?, expected, now)?;
    Ok(json(&claims.claims))
}

/// Our own values as JSON; they always are.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// What makes another call the same as this one; nothing if it is never shared.
pub(crate) fn key_of(call: &Call) -> Option<String> {
    match call.shared_key()? {
        SharedKey::Keys(None) => Some("keys".to_owned()),
        SharedKey::Keys(Some(issuer)) => Some(format!("keys {issuer}")),
        SharedKey::Refresh(token) => Some(format!("refresh {token}")),
    }
}

/// When the service wants to be asked again.
pub(crate) fn retry_after(error: &AuthError) -> Option<f64> {
    match error {
        AuthError::Unavailable { retry_after, .. } => retry_after.map(millis),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_are_none_do_not_wrap() {
        assert_eq!(time(f64::NAN), Timestamp::EPOCH);
        assert_eq!(time(f64::INFINITY).unix_millis(), i64::MAX);
        assert_eq!(time(1_800_000_000_000.9).unix_millis(), 1_800_000_000_000);
    }

    #[test]
    fn a_head_keeps_bytes_and_leaves_out_what_no_header_holds() {
        let head = head(b"cookie\na=\xff\nhost\na\rb\ncookie\nb=1\nleft over");
        assert_eq!((head.first("cookie"), head.cookies(1)), (Some(&b"a=\xff"[..]), Some(&b"b=1"[..])));
        assert_eq!((head.first("host"), head.first("left over"), head.cookies(2)), (None, None, None));
    }

    #[test]
    fn an_option_that_is_not_known_is_named_and_its_value_is_not() {
        let fault =
            Options::read(r#"{"apiKey":"sk_secret","cookieOptions":{"httponly":true}}"#).err().unwrap();
        assert!(
            fault.message.contains("httponly") && !fault.message.contains("sk_secret"),
            "{}",
            fault.message
        );
        assert!(!fault.message.contains("line"), "{}", fault.message);
    }
}
