//! Start: the key ring is held against the database, and a signing key made ready, before anything is served.

use crate::{
    context::{Context, Ports},
    model::{
        key_ring::{KeyRing, sha256},
        signing_key::SigningKey,
    },
    port::{Clock as _, Entropy as _, SignError, Signer as _, Store, StoreError},
};
use authmint_protocol::{api_key::TEST_VECTOR_KEY, id::ApiKeyId, token::algorithm::Algorithm};
use std::sync::Arc;

/// The service must not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// No key of the ring is known to the database: every token in the field would look forged.
    #[error(
        "this key ring did not write this database: every token in the field would look forged. \
         Give the key ring that was used before, or start with an empty database"
    )]
    ForeignKeyRing,
    /// The ring matches, yet a signing key does not open.
    #[error("signing key {kid} does not open under this key ring; add the key it was sealed under")]
    SealedKey {
        /// Which one.
        kid: String,
    },
    /// Anyone has the public test vector of existing clients.
    #[error(
        "API key {0} is the public test vector: anyone has it. Revoke it with `authmint key revoke {0}`, \
         or start with a database that never served development"
    )]
    PublicKey(ApiKeyId),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Makes the service ready to serve, or says why it must not be.
///
/// # Errors
/// [`StartError`]; nothing was changed by a refused start.
pub async fn start<P: Ports>(cx: &Context<P>) -> Result<(), StartError> {
    know_ring(&cx.store, &cx.key_ring).await?;
    let mut keys = cx.store.signing_keys().await?;
    if keys.is_empty() {
        let generated = cx.signer.generate(Algorithm::Es256)?;
        let key = SigningKey::seal(&generated, &cx.key_ring, cx.entropy.draw(), cx.clock.now());
        cx.store.add_signing_key(key.clone()).await?;
        keys.push(key);
    }
    let active = &keys[0];
    let pkcs8 = active.open(&cx.key_ring).ok_or_else(|| StartError::SealedKey { kid: active.kid.clone() })?;
    let public = keys.iter().map(|key| Arc::clone(&key.public)).collect();
    cx.signer.install(public, (Arc::clone(&active.public), &pkcs8))?;
    Ok(())
}

/// Refuses a database that lets in by the public test vector; development mode alone takes it.
///
/// # Errors
/// [`StartError::PublicKey`] if the vector is registered and not revoked.
pub async fn refuse_public_key(store: &impl Store) -> Result<(), StartError> {
    match store.api_key(sha256(TEST_VECTOR_KEY.as_bytes())).await? {
        Some((key, _)) if key.revoked_at.is_none() => Err(StartError::PublicKey(key.id)),
        _ => Ok(()),
    }
}

/// Holds a key ring against a database: it knows its ring by marks, and an empty one takes the ring that it is given.
///
/// # Errors
/// [`StartError::ForeignKeyRing`] if the ring did not write this database.
pub async fn know_ring(store: &impl Store, ring: &KeyRing) -> Result<(), StartError> {
    let known = store.ring_marks().await?;
    let matching = known.iter().filter(|(id, mark)| ring.mark(*id).as_ref() == Some(mark)).count();
    if !known.is_empty() && matching == 0 {
        return Err(StartError::ForeignKeyRing);
    }
    for id in ring.ids() {
        match (known.iter().find(|(known, _)| *known == id), ring.mark(id)) {
            (None, Some(mark)) => store.add_ring_mark(id, mark).await?,
            (Some((_, expected)), mark) if mark.as_ref() != Some(expected) => {
                return Err(StartError::ForeignKeyRing);
            }
            _ => {}
        }
    }
    Ok(())
}
