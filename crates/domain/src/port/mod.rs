//! What the outside must provide, one trait a concern; each has its adapter in the store or the server.

mod issuer_keys;
mod outgoing;
mod rows;
mod store;

pub use issuer_keys::{IssuerKeys, IssuerKeysError, KeySource};
pub use outgoing::{LARGEST_ANSWER, Outgoing, OutgoingError};
pub use rows::{
    AdminDecision, Admission, Admitted, ChallengeDecision, Decide, IssuerChange, IssuerDecision, PurgeBefore,
    Purged, Shown, SigningKeys, Trade,
};
pub use store::{Store, StoreError};

use crate::model::{project::Brand, signing_key::GeneratedKey};
use authmint_protocol::{
    jwk::{KeySet, PublicKey},
    secret::EmailCode,
    time::Timestamp,
    token::algorithm::Algorithm,
};
use std::{future::Future, sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// The one clock.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The one source of randomness.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `out` with bytes that nobody can predict.
    fn fill(&self, out: &mut [u8]);

    /// Draws `N` bytes.
    fn draw<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}

/// The key did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key is not usable")]
pub struct SignError;

/// A key to sign one JWT with: its name and its signature belong together, whatever is installed meanwhile.
pub trait ActiveKey: Send {
    /// The public half; its `kid` names it.
    fn public(&self) -> &PublicKey;

    /// Signs: raw r‖s for ES256 (RFC 7518, section 3.4).
    ///
    /// # Errors
    /// [`SignError`] if the key refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Who holds private signing keys while the service runs.
pub trait Signer: Send + Sync + 'static {
    /// Generates a key pair.
    ///
    /// # Errors
    /// [`SignError`] if the algorithm cannot be generated.
    fn generate(&self, algorithm: Algorithm) -> Result<GeneratedKey, SignError>;

    /// Takes the keys to work with from now on: public halves for the key set, and those to sign with, one for each
    /// algorithm. Whoever signs meanwhile does so with the keys of before or with these.
    ///
    /// `mark` is that of the reading: what was read before the keys in use changes nothing, so that a key which was
    /// revoked meanwhile does not come back.
    ///
    /// # Errors
    /// [`SignError`] if a document is not a key of the public half's algorithm; nothing was changed then.
    fn install(
        &self,
        mark: u64,
        keys: Vec<Arc<PublicKey>>,
        active: Vec<(Arc<PublicKey>, Zeroizing<Vec<u8>>)>,
    ) -> Result<(), SignError>;

    /// A key that can sign.
    type Active: ActiveKey;

    /// The key that signs by this algorithm now.
    fn active(&self, algorithm: Algorithm) -> Option<Self::Active>;

    /// Every key under which a JWT may still be valid.
    fn key_set(&self) -> KeySet;
}

/// The mail could not be handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mail server did not take the mail: {reason}")]
pub struct MailError {
    /// What it said, for the log.
    pub reason: String,
}

/// A mail with a code in it.
pub struct CodeMail {
    /// The canonical address.
    pub to: String,
    /// The code.
    pub code: EmailCode,
    /// How the mail looks.
    pub brand: Brand,
    /// The languages that its reader understands, as the header `Accept-Language` lists them; empty: not known.
    pub languages: String,
    /// How long the code is good.
    pub valid_for: Duration,
    /// When it was written.
    pub at: Timestamp,
}

/// Who delivers mail.
pub trait Mailer: Send + Sync + 'static {
    /// Hands a mail to the mail server; an answer means that the server took it.
    fn send_code(&self, mail: CodeMail) -> impl Future<Output = Result<(), MailError>> + Send;
}
