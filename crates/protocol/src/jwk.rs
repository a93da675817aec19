//! Public keys as JSON (RFC 7517): checked when they are read, so that a key in hand is a key that may be used.

mod material;
mod set;

pub use material::KeyMaterial;
pub use set::{KeySet, KeySetError, MAX_KEY_SET_LEN, SkippedKey};

use crate::token::Algorithm;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Why a JWK is not a key that we verify with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JwkError {
    /// It is not a JSON object, or a member is not of the type that it must have.
    #[error("not a JWK: a member is missing or of the wrong type")]
    Malformed,
    /// A symmetric key, another curve, or a type that we do not know.
    #[error("a key of a type or curve that is not verified with here (EC P-256, RSA and OKP Ed25519 are)")]
    TypeUnsupported,
    /// It carries private members: whoever publishes those has lost the key.
    #[error("the JWK holds a private key; publish its public members only")]
    Private,
    /// `use` or `key_ops` say that it is not for verifying signatures.
    #[error("the JWK is not meant for verifying signatures")]
    NotForSignatures,
    /// `alg` names another algorithm than the key's type implies.
    #[error("the JWK's alg does not fit its key type")]
    AlgorithmMismatch,
    /// The numbers are not a sound key of that type.
    #[error("not a sound key: {0}")]
    Unsound(&'static str),
}

impl JwkError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "jwk_malformed",
            Self::TypeUnsupported => "jwk_type_unsupported",
            Self::Private => "jwk_private",
            Self::NotForSignatures => "jwk_not_for_signatures",
            Self::AlgorithmMismatch => "jwk_alg_mismatch",
            Self::Unsound(_) => "jwk_unsound",
        }
    }
}

/// A public key that was checked, with the one algorithm that it is used with.
#[derive(Debug, Clone)]
pub struct PublicKey {
    material: KeyMaterial,
    kid: Option<String>,
    #[cfg(feature = "native")]
    parsed: crate::token::native::ParsedKey,
}

/// Private members of RFC 7518, sections 6.2.2 and 6.3.2, and of RFC 8037.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

impl PublicKey {
    /// Takes an ES256 key: an uncompressed point of P-256.
    ///
    /// # Errors
    /// [`JwkError::Unsound`] if it is not a point of the curve.
    pub fn es256(point: [u8; 65]) -> Result<Self, JwkError> {
        KeyMaterial::es256(point).map(Self::of)
    }

    /// Takes an Ed25519 key.
    ///
    /// # Errors
    /// [`JwkError::Unsound`] if its encoding is not canonical or its order is small.
    pub fn ed25519(key: [u8; 32]) -> Result<Self, JwkError> {
        KeyMaterial::ed25519(key).map(Self::of)
    }

    /// Takes an RS256 key: modulus and exponent, big-endian without leading zeros.
    ///
    /// # Errors
    /// [`JwkError::Unsound`] if the modulus is not of 2048 to 8192 bits, or the exponent is even or below 3.
    pub fn rs256(n: Vec<u8>, e: Vec<u8>) -> Result<Self, JwkError> {
        KeyMaterial::rs256(n, e).map(Self::of)
    }

    const fn of(material: KeyMaterial) -> Self {
        Self {
            material,
            kid: None,
            #[cfg(feature = "native")]
            parsed: crate::token::native::ParsedKey::new(),
        }
    }

    /// Reads a JWK. Its algorithm follows from its type and curve; `alg` may only agree.
    ///
    /// # Errors
    /// See [`JwkError`].
    pub fn from_jwk(jwk: &Value) -> Result<Self, JwkError> {
        let jwk = jwk.as_object().ok_or(JwkError::Malformed)?;
        let algorithm = Algorithm::of_key(text(jwk, "kty")?.ok_or(JwkError::Malformed)?, text(jwk, "crv")?)
            .ok_or(JwkError::TypeUnsupported)?;
        if PRIVATE_MEMBERS.iter().any(|name| jwk.contains_key(*name)) {
            return Err(JwkError::Private);
        }
        check_purpose(jwk)?;
        if text(jwk, "alg")?.is_some_and(|named| named != algorithm.as_str()) {
            return Err(JwkError::AlgorithmMismatch);
        }
        let key = match algorithm {
            Algorithm::Es256 => {
                let mut point = [4_u8; 65];
                point[1..33].copy_from_slice(&fixed::<32>(jwk, "x")?);
                point[33..].copy_from_slice(&fixed::<32>(jwk, "y")?);
                Self::es256(point)?
            }
            Algorithm::EdDsa => Self::ed25519(fixed(jwk, "x")?)?,
            Algorithm::Rs256 => Self::rs256(bytes(jwk, "n")?, bytes(jwk, "e")?)?,
        };
        Ok(match text(jwk, "kid")? {
            Some(kid) => key.with_kid(kid),
            None => key,
        })
    }

    /// The same key under this name.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The name that tokens call it by.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm that it is used with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.material.algorithm()
    }

    /// The key itself, for hosts that check signatures.
    #[must_use]
    pub const fn material(&self) -> &KeyMaterial {
        &self.material
    }

    /// How long a signature of this key is, in bytes.
    #[must_use]
    pub const fn signature_len(&self) -> usize {
        match &self.material {
            KeyMaterial::Es256(_) | KeyMaterial::EdDsa(_) => 64,
            KeyMaterial::Rs256 { n, .. } => n.len(),
        }
    }

    /// The SHA-256 thumbprint of RFC 7638, in base64url: a name that two different keys cannot share.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // The map is sorted by name and its values need no escapes: exactly the form that the RFC hashes.
        let canonical = Value::Object(self.required_members()).to_string();
        BASE64URL.encode(Sha256::digest(canonical.as_bytes()))
    }

    /// The JWK to publish: public members, `kid` (the thumbprint if it has no other), `alg` and `use`.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let mut jwk = self.required_members();
        let kid = self.kid.clone().unwrap_or_else(|| self.thumbprint());
        jwk.extend([
            ("kid".to_owned(), json!(kid)),
            ("alg".to_owned(), json!(self.algorithm().as_str())),
            ("use".to_owned(), json!("sig")),
        ]);
        Value::Object(jwk)
    }

    fn required_members(&self) -> Map<String, Value> {
        let b64 = |bytes: &[u8]| BASE64URL.encode(bytes);
        let members = match &self.material {
            KeyMaterial::Es256(point) => {
                json!({ "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]) })
            }
            KeyMaterial::EdDsa(key) => json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(key) }),
            KeyMaterial::Rs256 { n, e } => json!({ "kty": "RSA", "n": b64(n), "e": b64(e) }),
        };
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    #[cfg(feature = "native")]
    pub(crate) const fn parsed(&self) -> &crate::token::native::ParsedKey {
        &self.parsed
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.material == other.material && self.kid == other.kid
    }
}

impl Eq for PublicKey {}

/// `use` must be absent or `sig`; `key_ops` absent, or unique texts with `verify` among them.
fn check_purpose(jwk: &Map<String, Value>) -> Result<(), JwkError> {
    if text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(JwkError::NotForSignatures);
    }
    let Some(operations) = jwk.get("key_ops") else {
        return Ok(());
    };
    let operations = operations.as_array().ok_or(JwkError::Malformed)?;
    let repeated = operations.iter().enumerate().any(|(at, one)| operations[..at].contains(one));
    if repeated || operations.iter().any(|one| !one.is_string()) {
        return Err(JwkError::Malformed);
    }
    if operations.iter().any(|one| one == "verify") { Ok(()) } else { Err(JwkError::NotForSignatures) }
}

fn text<'j>(jwk: &'j Map<String, Value>, name: &str) -> Result<Option<&'j str>, JwkError> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwkError::Malformed),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, JwkError> {
    let text = text(jwk, name)?.ok_or(JwkError::Malformed)?;
    BASE64URL.decode(text).map_err(|_| JwkError::Malformed)
}

fn fixed<const N: usize>(jwk: &Map<String, Value>, name: &str) -> Result<[u8; N], JwkError> {
    bytes(jwk, name)?.try_into().map_err(|_| JwkError::Unsound("a coordinate is not of the curve's length"))
}
