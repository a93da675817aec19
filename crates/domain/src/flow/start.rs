//! Start: the key ring is held against the database, and the signing keys made ready, before anything is served.

use super::signing_keys::{Keeper, Kept, KeysError};
use crate::{
    context::{Context, Ports},
    model::key_ring::{KeyRing, sha256},
    port::{Clock as _, Store, StoreError},
};
use authmint_protocol::{api_key::TEST_VECTOR_KEY, id::ApiKeyId};

/// The service must not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// No key of the ring is known to the database: every token in the field would look forged.
    #[error(
        "this key ring did not write this database: every token in the field would look forged. \
         Give the key ring that was used before, or start with an empty database"
    )]
    ForeignKeyRing,
    /// The signing keys cannot be made ready.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Anyone has the public test vector of existing clients.
    #[error(
        "API key {0} is the public test vector: anyone has it. Revoke it with `authmint key revoke {0}`, \
         or start with a database that never served development"
    )]
    PublicKey(ApiKeyId),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the service ready to serve, or says why it must not be.
///
/// # Errors
/// [`StartError`]; nothing was changed by a refused start.
pub async fn start<P: Ports>(cx: &Context<P>) -> Result<Kept, StartError> {
    know_ring(&cx.store, &cx.key_ring).await?;
    Ok(Keeper::of(cx).keep(cx.clock.now()).await?)
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
    match hold_against(store, ring).await {
        // Another process began on the same empty database in the same moment: what it wrote decides.
        Err(StartError::Store(StoreError::Conflict { .. })) => hold_against(store, ring).await,
        held => held,
    }
}

async fn hold_against(store: &impl Store, ring: &KeyRing) -> Result<(), StartError> {
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
