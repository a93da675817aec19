//! Signing keys, and the marks of the key ring that seals them.

use super::{audit, database::Database, revocation, session::exactly_one, transaction::Tx};
use crate::{
    error::{Fault, taken},
    row::{
        Columns,
        signing_key::{columns_of, read, ring_mark, want},
    },
};
use authmint_domain::{
    model::{
        audit::Origin,
        revocation::Revocation,
        signing_key::{KeyState, KeyStep, SigningKey},
    },
    port::{SigningKeys, StoreError},
};
use authmint_protocol::{time::Timestamp, token::algorithm::Algorithm};

const MARK: &str = "SELECT number FROM signing_changes";
const KEYS: &str = "SELECT kid, public, sealed, created_at, state, state_since FROM signing_keys ORDER BY created_at DESC, kid";
const WANTED: &str = "SELECT DISTINCT coalesce(policy::jsonb ->> 'signing_algorithm', 'ES256') FROM projects";

/// Loads, decides, applies: the one path on which signing keys change, one replica at a time. Beside the answer: the number of
/// the feed's entry, if a key was revoked.
pub(super) async fn decide<A>(
    tx: &Tx<'_>,
    (now, origin): (Timestamp, &Origin),
    decide: &(impl Fn(&SigningKeys) -> (Vec<KeyStep>, A) + Sync),
) -> Result<(A, Option<u64>), Fault> {
    const LOCK: &str = "SELECT number FROM signing_changes FOR UPDATE";
    let mark = tx.one(LOCK, &[], |row| Columns::only(row, "signing_changes", "number")).await?;
    let mut wanted = vec![Algorithm::Es256];
    tx.all(WANTED, &[], |row| want(&mut wanted, row)).await?;
    let keys = tx.all(KEYS, &[], read).await?;
    let (steps, answer) = decide(&SigningKeys { mark: mark.unwrap_or(0), keys, wanted });
    let mut revoked = Vec::new();
    for step in &steps {
        match step {
            KeyStep::Add(key) => add(tx, key).await?,
            KeyStep::Move { from, to } => {
                move_to(tx, from, to).await?;
                if let KeyState::Revoked { at } = to.state {
                    revoked.push(Revocation::of_key(&to.kid, at));
                }
            }
            KeyStep::Forget { kid } => {
                exactly_one(tx.execute("DELETE FROM signing_keys WHERE kid = $1", &[kid]).await?)?;
            }
        }
        if let Some(event) = step.told(now, origin) {
            audit::record(tx, &event).await?;
        }
    }
    if !steps.is_empty() {
        changed(tx).await?;
    }
    Ok((answer, revocation::record_all(tx, &revoked).await?))
}

/// Tells the replicas that keys, or the algorithms in use, are others than before.
pub(super) async fn changed(tx: &Tx<'_>) -> Result<(), Fault> {
    tx.execute("UPDATE signing_changes SET number = number + 1", &[]).await.map(drop)
}

async fn add(tx: &Tx<'_>, key: &SigningKey) -> Result<(), Fault> {
    const INSERT: &str =
        "INSERT INTO signing_keys (kid, algorithm, public, sealed, created_at, state, state_since)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (since, sealed) = columns_of(key);
    tx.execute(
        INSERT,
        &[
            &key.kid,
            &key.algorithm().as_str(),
            &key.public.to_jwk().to_string(),
            &sealed,
            &key.created_at.unix_millis(),
            &key.state.as_str(),
            &since.unix_millis(),
        ],
    )
    .await
    .map_err(taken("a signing key of this kid"))?;
    Ok(())
}

async fn move_to(tx: &Tx<'_>, from: &str, to: &SigningKey) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE signing_keys SET state = $1, state_since = $2, sealed = $3
        WHERE kid = $4 AND state = $5";
    let (since, sealed) = columns_of(to);
    exactly_one(
        tx.execute(UPDATE, &[&to.state.as_str(), &since.unix_millis(), &sealed, &to.kid, &from]).await?,
    )
}

/// The mark is read first: a change that slips in between is found again by the next look at it.
pub(super) async fn all(database: &Database) -> Result<SigningKeys, StoreError> {
    let mark = mark(database).await?;
    let keys = database.all(KEYS, &[], read).await?;
    let found = database
        .all(WANTED, &[], |row| {
            let mut wanted = Vec::new();
            want(&mut wanted, row).map(|()| wanted)
        })
        .await?;
    let mut wanted = vec![Algorithm::Es256];
    wanted.extend(found.into_iter().flatten().filter(|algorithm| *algorithm != Algorithm::Es256));
    Ok(SigningKeys { mark, keys, wanted })
}

pub(super) async fn mark(database: &Database) -> Result<u64, StoreError> {
    let mark = database.one(MARK, &[], |row| Columns::only(row, "signing_changes", "number")).await?;
    Ok(mark.unwrap_or(0))
}

pub(super) async fn add_ring_mark(tx: &Tx<'_>, id: u32, mark: &[u8; 32]) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO ring_marks (key_id, mark) VALUES ($1, $2)";
    tx.execute(INSERT, &[&i64::from(id), &&mark[..]]).await.map_err(taken("a mark of this key"))?;
    Ok(())
}

pub(super) async fn ring_marks(database: &Database) -> Result<Vec<(u32, [u8; 32])>, StoreError> {
    database.all("SELECT key_id, mark FROM ring_marks ORDER BY key_id", &[], ring_mark).await
}
