//! Signing keys: kept as planned, rotated or revoked when an operator says so.

use crate::{
    context::{Context, Ports},
    model::{
        audit::Origin,
        key_ring::KeyRing,
        signing_key::{KeyState, KeyStep, Schedule, SigningKey, WrongState, plan},
    },
    port::{Entropy, SignError, Signer, SigningKeys, Store, StoreError},
};
use authmint_protocol::time::Timestamp;
use std::sync::Arc;

/// Signing keys cannot be kept as they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// The ring matches, yet a signing key does not open.
    #[error("signing key {kid} does not open under this key ring; add the key it was sealed under")]
    Sealed {
        /// Which one.
        kid: String,
    },
    /// No such key.
    #[error("there is no signing key {kid}; `authmint signing-key list` shows them all")]
    Unknown {
        /// The name that was given.
        kid: String,
    },
    /// The next keys are not known everywhere yet.
    #[error(
        "the next key was published too short a while ago to be known everywhere; it can be used from {from}. \
         If the active key is in wrong hands, revoke it instead"
    )]
    TooEarly {
        /// From when on.
        from: Timestamp,
    },
    /// The key's state allows no such change.
    #[error(transparent)]
    State(#[from] WrongState),
    /// Others change the keys all the time.
    #[error("the signing keys were changed by somebody else meanwhile; try again")]
    Contended,
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key could not be generated or read.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// How often a change is planned anew because another process came first.
const TRIES: usize = 8;

/// The keys as they were put to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The store's mark of that reading: another one means that something has changed.
    pub mark: u64,
    /// When the next change falls due.
    pub due: Timestamp,
}

/// What it takes to work on signing keys.
pub struct Keeper<'a, S, G, E> {
    /// Where they are kept.
    pub store: &'a S,
    /// Who makes them and signs with them.
    pub signer: &'a G,
    /// Where the seal's nonces come from.
    pub entropy: &'a E,
    /// What seals them.
    pub key_ring: &'a KeyRing,
    /// Who asks, for the audit trail.
    pub origin: Origin,
    /// How long each of their states lasts.
    pub schedule: Schedule,
}

impl<'a, S: Store, G: Signer, E: Entropy> Keeper<'a, S, G, E> {
    /// The keeper of a service.
    pub fn of<P: Ports<Store = S, Signer = G, Entropy = E>>(cx: &'a Context<P>) -> Self {
        Self {
            store: &cx.store,
            signer: &cx.signer,
            entropy: &cx.entropy,
            key_ring: &cx.key_ring,
            origin: Origin::SERVICE,
            schedule: cx.signing_keys,
        }
    }

    /// The same, asked by somebody else than the service itself.
    #[must_use]
    pub fn by(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Does what has fallen due, and puts the keys to use that the store then holds.
    ///
    /// # Errors
    /// [`KeysError`]; what is in use stays so then.
    pub async fn keep(&self, now: Timestamp) -> Result<Kept, KeysError> {
        let (read, due) = self.carry_out(&self.schedule, now).await?;
        let open = |key: &SigningKey| {
            key.open(self.key_ring).ok_or_else(|| KeysError::Sealed { kid: key.kid.clone() })
        };
        let published = read.keys.iter().filter(|key| key.is_published());
        let public = published.map(|key| Arc::clone(&key.public)).collect();
        let mut active = Vec::new();
        for key in &read.keys {
            match key.state {
                KeyState::Active { .. } => active.push((Arc::clone(&key.public), open(key)?)),
                // Better found out now than on the day of its use.
                KeyState::Next { .. } => drop(open(key)?),
                KeyState::Retired { .. } | KeyState::Revoked { .. } => {}
            }
        }
        self.signer.install(read.mark, public, active)?;
        Ok(Kept { mark: read.mark, due })
    }

    /// Lets the next keys take over now.
    ///
    /// # Errors
    /// [`KeysError::TooEarly`] if they are not known everywhere yet.
    pub async fn rotate(&self, now: Timestamp) -> Result<(), KeysError> {
        self.carry_out(&self.schedule, now).await?;
        let at_once = Schedule { rotate_every: std::time::Duration::ZERO, ..self.schedule };
        let read = self.store.signing_keys().await?;
        let due = plan(&read.keys, &read.wanted, &[], &at_once, now);
        if due.steps.is_empty() {
            return Err(KeysError::TooEarly { from: due.due });
        }
        self.carry_out(&at_once, now).await.map(drop)
    }

    /// Takes a key out of the key set for good; if it signed, the next one takes over at once.
    ///
    /// # Errors
    /// [`KeysError::Unknown`], or the key was revoked before.
    pub async fn revoke(&self, kid: &str, now: Timestamp) -> Result<(), KeysError> {
        let (name, schedule) = (kid.to_owned(), self.schedule);
        let decided =
            self.store.decide_signing_keys(now, self.origin.clone(), move |read| {
                match revocation(read, &name, &schedule, now) {
                    Ok(steps) => (steps, Ok(())),
                    Err(error) => (Vec::new(), Err(error)),
                }
            });
        decided.await??;
        self.carry_out(&self.schedule, now).await.map(drop)
    }

    /// Takes every step that has fallen due; answers the keys as they are then, and when to look again.
    ///
    /// Keys are generated before the transaction that adds them, since a decision draws nothing.
    async fn carry_out(
        &self,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Result<(SigningKeys, Timestamp), KeysError> {
        let mut fresh: Vec<SigningKey> = Vec::new();
        for _ in 0..TRIES {
            let read = self.store.signing_keys().await?;
            let planned = plan(&read.keys, &read.wanted, &fresh, schedule, now);
            if planned.steps.is_empty() && planned.missing.is_empty() {
                return Ok((read, planned.due));
            }
            for algorithm in planned.missing {
                let generated = self.signer.generate(algorithm)?;
                fresh.push(SigningKey::seal(&generated, self.key_ring, self.entropy.draw(), now));
            }
            let (pool, schedule) = (fresh.clone(), *schedule);
            let decided = self.store.decide_signing_keys(now, self.origin.clone(), move |read| {
                let planned = plan(&read.keys, &read.wanted, &pool, &schedule, now);
                let whole = planned.missing.is_empty();
                (if whole { planned.steps } else { Vec::new() }, whole)
            });
            if decided.await? {
                fresh.clear();
            }
        }
        Err(KeysError::Contended)
    }
}

/// The key is revoked and, if it signed, a next one activated in the same transaction; what is missing is made after.
fn revocation(
    read: &SigningKeys,
    kid: &str,
    schedule: &Schedule,
    now: Timestamp,
) -> Result<Vec<KeyStep>, KeysError> {
    let found = read.keys.iter().find(|key| key.kid == kid);
    let key = found.ok_or_else(|| KeysError::Unknown { kid: kid.to_owned() })?;
    let (from, revoked) = (key.state.as_str(), key.clone().revoke(now)?);
    let mut steps = vec![KeyStep::Move { from, to: revoked }];
    let left: Vec<_> = read.keys.iter().filter(|key| key.kid != kid).cloned().collect();
    steps.extend(plan(&left, &read.wanted, &[], schedule, now).steps);
    Ok(steps)
}
