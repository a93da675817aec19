//! The one value that holds what the outside provides.

use crate::{
    model::{key_ring::KeyRing, signing_key::Schedule},
    port::{Clock, Entropy, IssuerKeys, Mailer, Outgoing, Signer, Store},
};
use std::{sync::Arc, time::Duration};

/// A choice of adapters: the running service makes one, a test another.
pub trait Ports: Send + Sync + 'static {
    /// Where rows are kept.
    type Store: Store;
    /// The clock.
    type Clock: Clock;
    /// The source of randomness.
    type Entropy: Entropy;
    /// Who signs.
    type Signer: Signer;
    /// Who mails.
    type Mailer: Mailer;
    /// Who keeps the keys of issuers of others.
    type IssuerKeys: IssuerKeys;
    /// Who calls servers of others.
    type Outgoing: Outgoing;
}

/// Everything that a flow may use; there is no other state.
pub struct Context<P: Ports> {
    /// Where rows are kept.
    pub store: P::Store,
    /// The clock; a flow reads it once.
    pub clock: P::Clock,
    /// The source of randomness.
    pub entropy: P::Entropy,
    /// Who signs.
    pub signer: P::Signer,
    /// Who mails.
    pub mailer: P::Mailer,
    /// Who keeps the keys of issuers of others.
    pub issuer_keys: P::IssuerKeys,
    /// Who calls servers of others.
    pub outgoing: P::Outgoing,
    /// The service's own secret keys.
    pub key_ring: Arc<KeyRing>,
    /// The service's public base URL without a slash at its end: the `iss` of its JWTs.
    pub issuer: String,
    /// How long each state of a signing key lasts.
    pub signing_keys: Schedule,
    /// Whether rate limits are on; off only for load tests in development mode.
    pub limited: bool,
    /// How long lines of the audit trail are kept; none: for good.
    pub audit_kept_for: Option<Duration>,
}
