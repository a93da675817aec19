//! Signature checks answered by aws-lc-rs: the one place on the SDK's side that touches it.

use super::{Expected, JwtError, SessionClaims, SignatureCheck, begin, finish};
use crate::{
    issuer::Rules,
    jwk::{KeyMaterial, KeySet, PublicKey},
    time::Timestamp,
};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_ASN1, ECDSA_P256K1_SHA256_FIXED,
    ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use std::{fmt, sync::OnceLock};

/// A signature in one encoding, as rows of a table: JOSE signs ES256 as `r‖s`, WebAuthn in DER, wallets on secp256k1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// ECDSA on P-256 with SHA-256, the signature as `r‖s`.
    Es256,
    /// The same, the signature in DER.
    Es256Der,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on secp256k1 with SHA-256, the signature as `r‖s`.
    Secp256k1,
    /// The same in DER with a low `s`, as wallets that follow BIP-62 make it.
    Secp256k1Der,
}

impl Scheme {
    /// Every scheme with its name and its row of aws-lc-rs.
    const TABLE: [(Self, &'static str, &'static dyn VerificationAlgorithm); 6] = [
        (Self::Es256, "ES256", &ECDSA_P256_SHA256_FIXED),
        (Self::Es256Der, "ES256-DER", &ECDSA_P256_SHA256_ASN1),
        (Self::EdDsa, "EdDSA", &ED25519),
        (Self::Rs256, "RS256", &RSA_PKCS1_2048_8192_SHA256),
        (Self::Secp256k1, "secp256k1", &ECDSA_P256K1_SHA256_FIXED),
        (Self::Secp256k1Der, "secp256k1-DER", &ECDSA_P256K1_SHA256_ASN1),
    ];

    /// The scheme of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Whether a signature holds under a key given as bytes: an uncompressed point, a raw Ed25519 key, or a
    /// `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn check(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let strict = match self {
            // The key's last 32 bytes are the key in both forms; weak ones are refused as in a JWK.
            Self::EdDsa => key.last_chunk().is_some_and(|raw| PublicKey::ed25519(*raw).is_ok()),
            Self::Secp256k1Der => has_low_s(signature),
            _ => true,
        };
        strict && UnparsedPublicKey::new(Self::TABLE[self as usize].2, key).verify(message, signature).is_ok()
    }
}

/// Whether the second INTEGER of a DER signature is at most half the order of secp256k1.
fn has_low_s(signature: &[u8]) -> bool {
    const HALF: [u8; 32] = [
        0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
        0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
    ];
    // Only where things lie is read here: SEQUENCE, length, INTEGER, length of r. The verification is strict about DER.
    let s = signature.get(3).and_then(|r_len| signature.get(4 + usize::from(*r_len) + 2..));
    match s {
        Some(s) if s.len() < 32 => true,
        Some(s) if s.len() == 32 => *s <= HALF[..],
        _ => false,
    }
}

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

/// Verifies a JWT of another issuer in one go.
///
/// # Errors
/// See [`Rules::begin`] and [`Rules::finish`].
pub fn verify_foreign(
    token: &str,
    keys: &KeySet,
    rules: &Rules,
    now: Timestamp,
) -> Result<SessionClaims, JwtError> {
    let pending = rules.begin(token, keys)?;
    let holds = check(pending.check());
    rules.finish(pending, holds, now)
}

/// Whether an Ed25519 signature holds; the check that [`ApiKey::signed_by_crossmint`] asks for.
///
/// [`ApiKey::signed_by_crossmint`]: crate::api_key::ApiKey::signed_by_crossmint
#[must_use]
pub fn check_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    Scheme::EdDsa.check(key, message, signature)
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
    let scheme = match material {
        KeyMaterial::Es256(_) => Scheme::Es256,
        KeyMaterial::EdDsa(_) => Scheme::EdDsa,
        KeyMaterial::Rs256 { .. } => Scheme::Rs256,
    };
    ParsedPublicKey::new(Scheme::TABLE[scheme as usize].2, key_bytes(material)).ok()
}

/// The key in the form that [`Scheme::check`] takes.
#[must_use]
pub fn key_bytes(material: &KeyMaterial) -> Vec<u8> {
    match material {
        KeyMaterial::Es256(point) => point.to_vec(),
        KeyMaterial::EdDsa(key) => key.to_vec(),
        KeyMaterial::Rs256 { n, e } => rsa_der(n, e),
    }
}

/// `RSAPublicKey` of RFC 8017, appendix A.1.1, in DER.
fn rsa_der(n: &[u8], e: &[u8]) -> Vec<u8> {
    let body = [der(0x02, &unsigned(n)), der(0x02, &unsigned(e))].concat();
    der(0x30, &body)
}

/// The bytes of a positive INTEGER: a leading zero keeps the top bit from being read as a sign.
fn unsigned(number: &[u8]) -> Vec<u8> {
    let sign = number.first().is_some_and(|top| *top >= 0x80);
    sign.then_some(0).into_iter().chain(number.iter().copied()).collect()
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
