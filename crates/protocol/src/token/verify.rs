//! The rules of verification, in two halves around the signature, so that any host may answer it.

use super::{Algorithm, JwtError, UnverifiedJwt, json, unverified};
use crate::{
    id::SessionId,
    jwk::{KeySet, PublicKey},
    time::Timestamp,
};
use serde_json::{Map, Value};
use std::{fmt, sync::Arc, time::Duration};

/// The latest time that a claim may name: the end of the year 9999. What lies beyond is an overflow or an attack.
const LATEST_SECONDS: u64 = 253_402_300_799;

/// Claims of tokens that are not sessions: OIDC marks its ID tokens and logout tokens by claims, not always by `typ`.
const ID_TOKEN_CLAIMS: [&str; 3] = ["nonce", "at_hash", "c_hash"];

/// The question put to a host: does this signature hold? It owns its bytes, since some hosts answer later.
#[derive(Clone)]
pub struct SignatureCheck {
    /// The algorithm: that of the key, which the caller allows.
    pub algorithm: Algorithm,
    /// The key.
    pub key: Arc<PublicKey>,
    /// What was signed.
    pub message: Vec<u8>,
    /// The signature: `r‖s` for ES256, 64 bytes for EdDSA, as long as the modulus for RS256.
    pub signature: Vec<u8>,
}

/// A JWT that waits for the answer about its signature.
#[derive(Clone)]
pub struct PendingJwt {
    check: SignatureCheck,
    payload_at: usize,
}

// Whoever logs a value by its `Debug` must not thereby log a token or a person's data: names and times only.

impl fmt::Debug for SignatureCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureCheck")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.key.kid())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PendingJwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingJwt").field("check", &self.check).finish_non_exhaustive()
    }
}

impl fmt::Debug for SessionClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionClaims")
            .field("subject", &self.subject)
            .field("session_id", &self.session_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl PendingJwt {
    /// What the host must answer.
    #[must_use]
    pub const fn check(&self) -> &SignatureCheck {
        &self.check
    }

    /// The payload's bytes, once the host says that the signature holds.
    ///
    /// # Errors
    /// [`JwtError::SignatureInvalid`] if it does not; [`JwtError::Malformed`] if the payload is not base64url.
    pub fn into_payload(self, signature_holds: bool) -> Result<Vec<u8>, JwtError> {
        if !signature_holds {
            return Err(JwtError::SignatureInvalid);
        }
        let payload = std::str::from_utf8(&self.check.message[self.payload_at..])
            .map_err(|_| JwtError::Malformed("a part is not canonical base64url"))?;
        unverified::decode(payload)
    }
}

/// What a session JWT must say to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The issuer; `None` accepts any, for hosted services that do not publish theirs.
    pub issuer: Option<String>,
    /// The audience: the project's ID; `None` accepts any.
    pub audience: Option<String>,
    /// Whether a JWT without any `aud` passes; one with a different `aud` never does.
    pub accept_absent_audience: bool,
    /// Whether an ID token passes: only where a foreign issuer is known to hand out nothing else.
    pub accept_id_token: bool,
    /// The algorithms that the issuer may sign with.
    pub algorithms: Vec<Algorithm>,
    /// How far the clocks of signer and verifier may differ.
    pub leeway: Duration,
    /// Claims that must be there besides `sub` and `exp`, which always must.
    pub required: Vec<String>,
}

impl Expected {
    /// How far clocks may differ if nobody says otherwise.
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);

    /// The usual expectation: this issuer, this audience, any of our algorithms.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), audience: Some(audience.into()), ..Self::default() }
    }
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            issuer: None,
            audience: None,
            accept_absent_audience: false,
            accept_id_token: false,
            algorithms: Algorithm::ALL.to_vec(),
            leeway: Self::DEFAULT_LEEWAY,
            required: Vec::new(),
        }
    }
}

/// What a verified session JWT says.
#[derive(Clone, PartialEq)]
pub struct SessionClaims {
    /// The user's ID (`sub`), never empty.
    pub subject: String,
    /// Who signed (`iss`).
    pub issuer: Option<String>,
    /// The session (`sid`), where it is an ID of ours.
    pub session_id: Option<SessionId>,
    /// When it was signed (`iat`).
    pub issued_at: Option<Timestamp>,
    /// When it ends (`exp`).
    pub expires_at: Timestamp,
    /// All claims.
    pub claims: Map<String, Value>,
}

/// Reads a JWT that claims to be a session's and finds its key: the half before the signature.
///
/// # Errors
/// Form, kind, algorithm or key do not fit; see [`JwtError`].
pub fn begin(token: &str, keys: &KeySet, algorithms: &[Algorithm]) -> Result<PendingJwt, JwtError> {
    let jwt = UnverifiedJwt::parse(token)?;
    check_type(jwt.typ())?;
    find_key(&jwt, keys, algorithms)
}

/// Finds the key of any JWS, whatever kind of token it is.
///
/// # Errors
/// [`JwtError::AlgorithmNotAllowed`], [`JwtError::KeyUnknown`], or a signature of impossible form.
pub fn find_key(
    jwt: &UnverifiedJwt<'_>,
    keys: &KeySet,
    algorithms: &[Algorithm],
) -> Result<PendingJwt, JwtError> {
    let algorithm = jwt.algorithm();
    if !algorithms.contains(&algorithm) {
        return Err(JwtError::AlgorithmNotAllowed);
    }
    let key = keys.find(algorithm, jwt.kid()).ok_or(JwtError::KeyUnknown(algorithm))?;
    let signature = jwt.signature()?;
    if signature.len() != key.signature_len() {
        return Err(JwtError::SignatureInvalid);
    }
    let message = jwt.signing_input().as_bytes().to_vec();
    Ok(PendingJwt {
        check: SignatureCheck { algorithm, key, message, signature },
        payload_at: jwt.payload_at(),
    })
}

/// Takes the host's answer and checks the claims: the half after the signature.
///
/// # Errors
/// The signature does not hold, or a claim does not fit; see [`JwtError`].
pub fn finish(
    pending: PendingJwt,
    signature_holds: bool,
    expected: &Expected,
    now: Timestamp,
) -> Result<SessionClaims, JwtError> {
    let payload = pending.into_payload(signature_holds)?;
    let claims =
        json::parse_object(&payload).ok_or(JwtError::Malformed("the claims are not unambiguous JSON"))?;
    check_claims(claims, expected, now)
}

/// `typ` may be absent, `JWT` or `at+jwt`, in any case and with or without `application/` (RFC 7515, section 4.1.9).
pub(crate) fn check_type(typ: Option<&str>) -> Result<(), JwtError> {
    let Some(typ) = typ else { return Ok(()) };
    let short = match typ.split_at_checked(12) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    };
    if ["JWT", "at+jwt"].iter().any(|known| short.eq_ignore_ascii_case(known)) {
        Ok(())
    } else {
        Err(JwtError::TypeNotAllowed("by its typ"))
    }
}

fn check_claims(
    claims: Map<String, Value>,
    expected: &Expected,
    now: Timestamp,
) -> Result<SessionClaims, JwtError> {
    check_kind(&claims, expected.accept_id_token)?;
    let issuer = text(&claims, "iss")?;
    if let Some(wanted) = &expected.issuer {
        check_issuer(issuer, wanted)?;
    }
    check_audience(claims.get("aud"), expected)?;
    let expires_at = time(&claims, "exp")?.ok_or_else(|| missing("exp"))?;
    if now >= expires_at.after(expected.leeway) {
        return Err(JwtError::Expired);
    }
    let issued_at = time(&claims, "iat")?;
    for start in [time(&claims, "nbf")?, issued_at].into_iter().flatten() {
        if now < start.before(expected.leeway) {
            return Err(JwtError::NotYetValid);
        }
    }
    let subject = text(&claims, "sub")?.ok_or_else(|| missing("sub"))?;
    if subject.is_empty() {
        return Err(invalid("sub"));
    }
    let session_id = text(&claims, "sid")?.and_then(|sid| sid.parse().ok());
    if let Some(name) = expected.required.iter().find(|name| claims.get(*name).is_none_or(Value::is_null)) {
        return Err(missing(name));
    }
    let (subject, issuer) = (subject.to_owned(), issuer.map(str::to_owned));
    Ok(SessionClaims { subject, issuer, session_id, issued_at, expires_at, claims })
}

fn check_kind(claims: &Map<String, Value>, accept_id_token: bool) -> Result<(), JwtError> {
    if claims.contains_key("events") {
        return Err(JwtError::TypeNotAllowed("a logout or event token"));
    }
    if !accept_id_token && ID_TOKEN_CLAIMS.iter().any(|name| claims.contains_key(*name)) {
        return Err(JwtError::TypeNotAllowed("an ID token"));
    }
    Ok(())
}

pub(crate) fn check_issuer(found: Option<&str>, wanted: &str) -> Result<(), JwtError> {
    let found = found.ok_or_else(|| missing("iss"))?;
    if found == wanted {
        return Ok(());
    }
    Err(JwtError::IssuerMismatch { expected: wanted.to_owned(), found: found.to_owned() })
}

fn check_audience(found: Option<&Value>, expected: &Expected) -> Result<(), JwtError> {
    let names = |wanted: &str, value: &Value| value.as_str() == Some(wanted);
    let is_text = |value: &Value| value.is_string();
    match found {
        Some(Value::String(_)) | None => {}
        Some(Value::Array(list)) if list.iter().all(is_text) => {}
        Some(_) => return Err(invalid("aud")),
    }
    let Some(wanted) = expected.audience.as_deref() else {
        return Ok(());
    };
    match found {
        None if expected.accept_absent_audience => Ok(()),
        None => Err(missing("aud")),
        Some(Value::Array(list)) if list.iter().any(|value| names(wanted, value)) => Ok(()),
        Some(value) if names(wanted, value) => Ok(()),
        Some(value) => {
            Err(JwtError::AudienceMismatch { expected: wanted.to_owned(), found: value.to_string() })
        }
    }
}

pub(crate) fn text<'c>(claims: &'c Map<String, Value>, name: &str) -> Result<Option<&'c str>, JwtError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(name)),
    }
}

/// A `NumericDate` in whole seconds. Any other JSON type fails: it must never count as absent.
///
/// # Errors
/// [`JwtError::ClaimInvalid`] if the claim is there, and is none.
pub fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, JwtError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = value.as_u64().filter(|seconds| *seconds <= LATEST_SECONDS).ok_or_else(|| invalid(name))?;
    let seconds = i64::try_from(seconds).map_err(|_| invalid(name))?;
    Ok(Some(Timestamp::from_unix_seconds(seconds)))
}

pub(crate) fn missing(name: &str) -> JwtError {
    JwtError::ClaimMissing(name.to_owned())
}

pub(crate) fn invalid(name: &str) -> JwtError {
    JwtError::ClaimInvalid(name.to_owned())
}
