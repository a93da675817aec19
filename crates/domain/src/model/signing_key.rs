//! The keys that sign session JWTs: public half in the open, private half sealed under the key ring.

use super::key_ring::KeyRing;
use authmint_protocol::{jwk::PublicKey, time::Timestamp, token::algorithm::Algorithm};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A signing key as the database keeps it.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// Its RFC 7638 thumbprint, the `kid` of its JWTs.
    pub kid: String,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// What the key set shows.
    pub public: Arc<PublicKey>,
    /// The PKCS#8 document, sealed with the `kid` as context.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key pair as the signing port generates it.
pub struct GeneratedKey {
    /// The public half.
    pub public: PublicKey,
    /// The private half, a PKCS#8 document (RFC 5958).
    pub pkcs8: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// Seals a generated key for the database; `nonce` is drawn for this call.
    #[must_use]
    pub fn seal(generated: &GeneratedKey, ring: &KeyRing, nonce: [u8; 12], now: Timestamp) -> Self {
        let kid = generated.public.thumbprint();
        Self {
            sealed: ring.seal(nonce, kid.as_bytes(), &generated.pkcs8),
            algorithm: generated.public.algorithm(),
            public: Arc::new(generated.public.clone().with_kid(kid.clone())),
            kid,
            created_at: now,
        }
    }

    /// Opens the private half; `None` if it was sealed under a ring that is not this one.
    #[must_use]
    pub fn open(&self, ring: &KeyRing) -> Option<Zeroizing<Vec<u8>>> {
        ring.open(self.kid.as_bytes(), &self.sealed)
    }
}
