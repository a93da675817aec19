//! A JWT as it came: its form checked, nothing in it to be trusted.

use super::{Algorithm, JwtError, json};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::Value;
use std::fmt;

/// The longest JWT that is read: no cookie or header is larger, and work on a stranger's text stays bounded.
pub const MAX_JWT_LEN: usize = 16 * 1024;

/// A compact JWS whose form and header are sound and whose signature nobody has checked.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedJwt<'t> {
    text: &'t str,
    payload_at: usize,
    signature_at: usize,
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
}

impl<'t> UnverifiedJwt<'t> {
    /// Reads the form and the header.
    ///
    /// Exactly three parts; base64url without padding, in its one canonical form; a header that is one JSON object
    /// without repeated names; an algorithm that we know; no `crit` (we support no extension) and no `b64`.
    /// Keys that a header carries or points to (`jwk`, `jku`, `x5c`, …) are never looked at.
    ///
    /// # Errors
    /// [`JwtError::Malformed`] or [`JwtError::AlgorithmNotAllowed`].
    pub fn parse(text: &'t str) -> Result<Self, JwtError> {
        if text.len() > MAX_JWT_LEN {
            return Err(JwtError::Malformed("longer than 16 KiB"));
        }
        let (payload_at, signature_at) = split(text).ok_or(JwtError::Malformed("not three parts"))?;
        let header = decode(&text[..payload_at - 1])?;
        let mut header =
            json::parse_object(&header).ok_or(JwtError::Malformed("the header is not unambiguous JSON"))?;
        let Some(Value::String(algorithm)) = header.get("alg") else {
            return Err(JwtError::Malformed("the header names no algorithm"));
        };
        let algorithm = Algorithm::from_name(algorithm).ok_or(JwtError::AlgorithmNotAllowed)?;
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(JwtError::Malformed("the header asks for an extension"));
        }
        let kid = optional_text(header.remove("kid"))?;
        let typ = optional_text(header.remove("typ"))?;
        Ok(Self { text, payload_at, signature_at, algorithm, kid, typ })
    }

    /// The algorithm that the header names: one of ours, though perhaps not one that the caller allows.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that the header names.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The kind of token that the header names.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The bytes under the signature: header and payload as they came.
    #[must_use]
    pub fn signing_input(&self) -> &'t str {
        &self.text[..self.signature_at - 1]
    }

    /// The payload's bytes, whoever wrote them.
    ///
    /// # Errors
    /// [`JwtError::Malformed`] if it is not base64url.
    pub fn payload(&self) -> Result<Vec<u8>, JwtError> {
        decode(&self.text[self.payload_at..self.signature_at.saturating_sub(1)])
    }

    /// Where the payload starts within the signing input.
    pub(super) const fn payload_at(&self) -> usize {
        self.payload_at
    }

    /// The signature's bytes.
    pub(super) fn signature(&self) -> Result<Vec<u8>, JwtError> {
        decode(&self.text[self.signature_at..])
    }
}

/// Without the text: a token does not belong into a log.
impl fmt::Debug for UnverifiedJwt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedJwt")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Decodes a part; padding, other alphabets and stray trailing bits are refused, so that one token has one text.
pub(super) fn decode(part: &str) -> Result<Vec<u8>, JwtError> {
    BASE64URL.decode(part).map_err(|_| JwtError::Malformed("a part is not canonical base64url"))
}

/// Where payload and signature start, if there are exactly three parts. (A JWE has five.)
fn split(text: &str) -> Option<(usize, usize)> {
    let payload_at = text.find('.')? + 1;
    let signature_at = payload_at + text[payload_at..].find('.')? + 1;
    (!text[signature_at..].contains('.')).then_some((payload_at, signature_at))
}

fn optional_text(member: Option<Value>) -> Result<Option<String>, JwtError> {
    match member {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwtError::Malformed("a header member is not a string")),
    }
}
