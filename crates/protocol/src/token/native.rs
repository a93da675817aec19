//! Signature checks answered by aws-lc-rs: the one place on the SDK's side that touches it.

use super::{Expected, JwtError, SessionClaims, SignatureCheck, begin, finish};
use crate::{
    jwk::{KeyMaterial, KeySet},
    time::Timestamp,
};
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use std::{fmt, sync::OnceLock};

/// Answers the check in place; about 49 µs for ES256.
#[must_use]
pub fn check(question: &SignatureCheck) -> bool {
    question
        .key
        .parsed()
        .get(question.key.material())
        .is_some_and(|key| key.verify_sig(&question.message, &question.signature).is_ok())
}

/// Verifies a session JWT from text to claims, for those who need no step in between.
///
/// # Errors
/// See [`JwtError`].
pub fn verify(
    token: &str,
    keys: &KeySet,
    expected: &Expected,
    now: Timestamp,
) -> Result<SessionClaims, JwtError> {
    let pending = begin(token, keys, &expected.algorithms)?;
    let holds = check(pending.check());
    finish(pending, holds, expected, now)
}

/// Whether an Ed25519 signature holds; the check that [`ApiKey::signed_by_crossmint`] asks for.
///
/// [`ApiKey::signed_by_crossmint`]: crate::api_key::ApiKey::signed_by_crossmint
#[must_use]
pub fn check_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, key)
        .verify(message, signature)
        .is_ok()
}

/// A key in the form that verifies fastest, made at its first use and kept.
pub(crate) struct ParsedKey(OnceLock<Option<ParsedPublicKey>>);

impl ParsedKey {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn get(&self, material: &KeyMaterial) -> Option<&ParsedPublicKey> {
        self.0.get_or_init(|| parse(material)).as_ref()
    }
}

impl Clone for ParsedKey {
    /// A copy parses again: parsed keys cannot be copied, and keys are copied rarely.
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl fmt::Debug for ParsedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParsedKey")
    }
}

fn parse(material: &KeyMaterial) -> Option<ParsedPublicKey> {
    let (algorithm, bytes): (&'static dyn signature::VerificationAlgorithm, _) = match material {
        KeyMaterial::Es256(point) => (&ECDSA_P256_SHA256_FIXED, point.to_vec()),
        KeyMaterial::EdDsa(key) => (&ED25519, key.to_vec()),
        KeyMaterial::Rs256 { n, e } => (&RSA_PKCS1_2048_8192_SHA256, rsa_der(n, e)),
    };
    ParsedPublicKey::new(algorithm, bytes).ok()
}

/// `RSAPublicKey` of RFC 8017, appendix A.1.1, in DER.
fn rsa_der(n: &[u8], e: &[u8]) -> Vec<u8> {
    let body = [der(0x02, &unsigned(n)), der(0x02, &unsigned(e))].concat();
    der(0x30, &body)
}

/// The bytes of a positive INTEGER: a leading zero keeps the top bit from being read as a sign.
fn unsigned(number: &[u8]) -> Vec<u8> {
    let sign = number.first().is_some_and(|top| *top >= 0x80);
    sign.then_some(0)
        .into_iter()
        .chain(number.iter().copied())
        .collect()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut out = vec![tag];
    match length {
        [short] if *short < 0x80 => out.push(*short),
        long => {
            // At most eight bytes of length: the count fits into the low bits.
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}
