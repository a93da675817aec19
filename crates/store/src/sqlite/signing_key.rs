//! Signing keys, and the marks of the key ring that seals them.

use super::{audit, query, revocation, session::exactly_one};
use crate::{
    error::{Fault, conflict},
    row::signing_key::{columns_of, read, ring_mark, want},
};
use authmint_domain::{
    model::{
        audit::Origin,
        revocation::Revocation,
        signing_key::{KeyState, KeyStep, SigningKey},
    },
    port::SigningKeys,
};
use authmint_protocol::{time::Timestamp, token::algorithm::Algorithm};
use rusqlite::{Connection, params};

/// Loads, decides, applies: the one path on which signing keys change. Beside the answer: the number of the feed's
/// entry, if a key was revoked.
pub(super) fn decide<A>(
    tx: &Connection,
    (now, origin): (Timestamp, &Origin),
    decide: &impl Fn(&SigningKeys) -> (Vec<KeyStep>, A),
) -> Result<(A, Option<u64>), Fault> {
    let (steps, answer) = decide(&all(tx)?);
    let mut told = None;
    for step in &steps {
        match step {
            KeyStep::Add(key) => add(tx, key)?,
            KeyStep::Move { from, to } => {
                move_to(tx, from, to)?;
                if let KeyState::Revoked { at } = to.state {
                    told = Some(revocation::record(tx, &Revocation::of_key(&to.kid, at))?);
                }
            }
            KeyStep::Forget { kid } => {
                let written = tx.prepare_cached("DELETE FROM signing_keys WHERE kid = ?1")?.execute([kid])?;
                exactly_one(written)?;
            }
        }
        if let Some(event) = step.told(now, origin) {
            audit::record(tx, &event)?;
        }
    }
    Ok((answer, told))
}

fn add(tx: &Connection, key: &SigningKey) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO signing_keys
        (kid, algorithm, public, sealed, created_at, state, state_since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (since, sealed) = columns_of(key);
    let values = params![
        key.kid,
        key.algorithm().as_str(),
        key.public.to_jwk().to_string(),
        sealed,
        key.created_at.unix_millis(),
        key.state.as_str(),
        since.unix_millis(),
    ];
    tx.prepare_cached(INSERT)?.execute(values).map_err(conflict("a signing key of this kid"))?;
    Ok(())
}

fn move_to(tx: &Connection, from: &str, to: &SigningKey) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE signing_keys SET state = ?1, state_since = ?2, sealed = ?3
        WHERE kid = ?4 AND state = ?5";
    let (since, sealed) = columns_of(to);
    let values = params![to.state.as_str(), since.unix_millis(), sealed, to.kid, from];
    exactly_one(tx.prepare_cached(UPDATE)?.execute(values)?)
}

/// The mark is read first: a change that slips in between is found again by the next look at it.
pub(super) fn all(db: &Connection) -> Result<SigningKeys, Fault> {
    Ok(SigningKeys { mark: mark(db)?, keys: keys(db)?, wanted: wanted(db)? })
}

pub(super) fn mark(db: &Connection) -> Result<u64, Fault> {
    let number: i64 =
        db.prepare_cached("SELECT number FROM signing_changes")?.query_row([], |row| row.get(0))?;
    Ok(number.unsigned_abs())
}

fn wanted(db: &Connection) -> Result<Vec<Algorithm>, Fault> {
    const SELECT: &str = "SELECT DISTINCT coalesce(policy ->> '$.signing_algorithm', 'ES256') FROM projects";
    let mut wanted = vec![Algorithm::Es256];
    query::all(db, SELECT, [], |row| want(&mut wanted, row))?;
    Ok(wanted)
}

fn keys(db: &Connection) -> Result<Vec<SigningKey>, Fault> {
    const SELECT: &str = "SELECT kid, public, sealed, created_at, state, state_since FROM signing_keys
        ORDER BY created_at DESC, kid";
    query::all(db, SELECT, [], read)
}

pub(super) fn add_ring_mark(tx: &Connection, id: u32, mark: &[u8; 32]) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO ring_marks (key_id, mark) VALUES (?1, ?2)";
    tx.prepare_cached(INSERT)?.execute((id, mark)).map_err(conflict("a mark of this key"))?;
    Ok(())
}

pub(super) fn ring_marks(db: &Connection) -> Result<Vec<(u32, [u8; 32])>, Fault> {
    query::all(db, "SELECT key_id, mark FROM ring_marks ORDER BY key_id", [], ring_mark)
}
