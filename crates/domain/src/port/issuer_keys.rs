//! Keys of issuers of others.

use super::OutgoingError;
use authmint_protocol::{
    id::ProjectId,
    issuer::{DiscoveryError, KeyPlace},
    jwk::{KeySet, KeySetError},
    time::Timestamp,
};
use std::future::Future;

/// Whose keys are asked for. What is kept of an issuer is kept under all of this: two issuers share nothing, though they
/// name their keys alike, and neither do two projects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeySource {
    /// Whose trust it is.
    pub project_id: ProjectId,
    /// The `iss` of its JWTs.
    pub issuer: String,
    /// Where its keys are said to be.
    pub place: KeyPlace,
}

/// An issuer's keys cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerKeysError {
    /// Its server.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    /// The discovery document.
    #[error("the answer of {url} cannot be used: {why}")]
    Discovery {
        /// Where it is.
        url: String,
        /// What is wrong with it.
        why: DiscoveryError,
    },
    /// The key set.
    #[error("the answer of {url} cannot be used: {why}")]
    KeySet {
        /// Where it is.
        url: String,
        /// What is wrong with it.
        why: KeySetError,
    },
}

/// Who keeps the keys of issuers of others, and fetches them where they are not known.
pub trait IssuerKeys: Send + Sync + 'static {
    /// The keys of an issuer, if they are known, new enough, and hold the key named `kid`: nobody is asked.
    fn at_hand(&self, source: &KeySource, kid: Option<&str>, now: Timestamp) -> Option<KeySet>;

    /// The keys of an issuer, fetched if they are not known, are old, or do not hold the key named `kid`.
    ///
    /// An unknown name is no reason to ask the issuer again and again: the set may come without the key.
    ///
    /// # Errors
    /// [`IssuerKeysError`] if nothing is known of the issuer that could still be used.
    fn find(
        &self,
        source: &KeySource,
        kid: Option<&str>,
        now: Timestamp,
    ) -> impl Future<Output = Result<KeySet, IssuerKeysError>> + Send;
}
