//! The keys that sign session JWTs: public half in the open, private half sealed under the key ring.
//!
//! Every key goes from next over active to retired, or to revoked from anywhere. Only a next and an active key have a
//! private half at all: what is over cannot sign again, not even from a stolen database.

mod plan;

pub use plan::{KeyStep, Plan, SCHEDULE, Schedule, plan};

use super::key_ring::{KeyRing, SealUse};
use authmint_protocol::{jwk::PublicKey, time::Timestamp, token::algorithm::Algorithm};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A signing key as the database keeps it.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// Its RFC 7638 thumbprint, the `kid` of its JWTs.
    pub kid: String,
    /// What the key set shows.
    pub public: Arc<PublicKey>,
    /// When it was made, and published.
    pub created_at: Timestamp,
    /// Where in its life it is.
    pub state: KeyState,
}

/// Where in its life a signing key is; `sealed` is the PKCS#8 document, sealed with the `kid` as context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Published, so that whoever keeps a copy of the key set knows it before its first JWT.
    Next {
        /// The private half.
        sealed: Vec<u8>,
    },
    /// It signs.
    Active {
        /// Since when.
        since: Timestamp,
        /// The private half.
        sealed: Vec<u8>,
    },
    /// It has signed; published until its last JWT has expired.
    Retired {
        /// Since when.
        at: Timestamp,
    },
    /// Somebody else may have it: its JWTs are worth nothing.
    Revoked {
        /// Since when.
        at: Timestamp,
    },
}

/// The names of the four states, as the database and `signing-key list` write them.
pub const STATES: [&str; 4] = ["next", "active", "retired", "revoked"];

impl KeyState {
    /// The state's stable name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        STATES[match self {
            Self::Next { .. } => 0,
            Self::Active { .. } => 1,
            Self::Retired { .. } => 2,
            Self::Revoked { .. } => 3,
        }]
    }
}

/// A key cannot go from its state to the one asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("signing key {kid} is {state}, and cannot be {wanted}")]
pub struct WrongState {
    /// Which key.
    pub kid: String,
    /// Its state.
    pub state: &'static str,
    /// What it was to become.
    pub wanted: &'static str,
}

/// A key pair as the signing port generates it.
pub struct GeneratedKey {
    /// The public half.
    pub public: PublicKey,
    /// The private half, a PKCS#8 document (RFC 5958).
    pub pkcs8: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// Seals a generated key for the database, as a next one; `nonce` is drawn for this call.
    #[must_use]
    pub fn seal(generated: &GeneratedKey, ring: &KeyRing, nonce: [u8; 12], now: Timestamp) -> Self {
        let kid = generated.public.thumbprint();
        let sealed = ring.seal(SealUse::SigningKey, nonce, kid.as_bytes(), &generated.pkcs8);
        Self {
            public: Arc::new(generated.public.clone().with_kid(kid.clone())),
            kid,
            created_at: now,
            state: KeyState::Next { sealed },
        }
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// Opens the private half; `None` if there is none any more, or it was sealed under a ring that is not this one.
    #[must_use]
    pub fn open(&self, ring: &KeyRing) -> Option<Zeroizing<Vec<u8>>> {
        match &self.state {
            KeyState::Next { sealed } | KeyState::Active { sealed, .. } => {
                ring.open(SealUse::SigningKey, self.kid.as_bytes(), sealed)
            }
            KeyState::Retired { .. } | KeyState::Revoked { .. } => None,
        }
    }

    /// Whether it stands in the key set.
    #[must_use]
    pub const fn is_published(&self) -> bool {
        !matches!(self.state, KeyState::Revoked { .. })
    }

    /// A next key begins to sign.
    ///
    /// # Errors
    /// [`WrongState`] for any other.
    pub fn activate(self, now: Timestamp) -> Result<Self, WrongState> {
        match self.state {
            KeyState::Next { sealed } => Ok(Self { state: KeyState::Active { since: now, sealed }, ..self }),
            _ => Err(self.wrong("activated")),
        }
    }

    /// An active key signs no more, and loses its private half.
    ///
    /// # Errors
    /// [`WrongState`] for any other.
    pub fn retire(self, now: Timestamp) -> Result<Self, WrongState> {
        match self.state {
            KeyState::Active { .. } => Ok(Self { state: KeyState::Retired { at: now }, ..self }),
            _ => Err(self.wrong("retired")),
        }
    }

    /// A key leaves the key set at once and for good, and loses its private half.
    ///
    /// # Errors
    /// [`WrongState`] if that was done before.
    pub fn revoke(self, now: Timestamp) -> Result<Self, WrongState> {
        match self.state {
            KeyState::Revoked { .. } => Err(self.wrong("revoked again")),
            _ => Ok(Self { state: KeyState::Revoked { at: now }, ..self }),
        }
    }

    fn wrong(self, wanted: &'static str) -> WrongState {
        WrongState { state: self.state.as_str(), kid: self.kid, wanted }
    }
}

#[cfg(test)]
mod tests;
