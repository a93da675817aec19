//! Operator tokens.

use super::{audit, query};
use crate::{
    error::{Fault, conflict},
    row::operator_token::{read, select_operator_tokens},
};
use authmint_domain::{
    model::operator_token::OperatorTokenRecord,
    port::{AdminDecision, Decide, Shown},
};
use authmint_protocol::{id::OperatorTokenId, time::Timestamp};
use rusqlite::{Connection, params};

pub(super) fn find(db: &Connection, hash: [u8; 32]) -> Result<Option<OperatorTokenRecord>, Fault> {
    query::one(db, select_operator_tokens!("WHERE hash = ?1"), [hash], read)
}

pub(super) fn all(db: &Connection) -> Result<Vec<OperatorTokenRecord>, Fault> {
    query::all(db, select_operator_tokens!("ORDER BY created_at, id"), [], read)
}

pub(super) fn decide<A>(
    tx: &Connection,
    id: OperatorTokenId,
    decide: &impl Decide<OperatorTokenRecord, AdminDecision<OperatorTokenRecord, A>>,
) -> Result<A, Fault> {
    let found = query::one(tx, select_operator_tokens!("WHERE id = ?1"), [id.as_bytes()], read)?;
    let decision = decide(found.as_ref());
    if let Some(token) = &decision.put {
        put(tx, token)?;
    }
    if let Some(event) = &decision.audit {
        audit::record(tx, event)?;
    }
    Ok(decision.answer)
}

fn put(tx: &Connection, token: &OperatorTokenRecord) -> Result<(), Fault> {
    // A revocation outlives a repeat.
    const UPSERT: &str =
        "INSERT INTO operator_tokens (id, hash, name, created_at, expires_at, last_used_at, revoked_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (hash) DO UPDATE SET revoked_at = coalesce(revoked_at, excluded.revoked_at)";
    let values = params![
        token.id.as_bytes(),
        token.hash,
        token.name,
        token.created_at.unix_millis(),
        token.expires_at.map(|at| at.unix_millis()),
        token.last_used_at.map(|at| at.unix_millis()),
        token.revoked_at.map(|at| at.unix_millis()),
    ];
    tx.prepare_cached(UPSERT)?.execute(values).map_err(conflict("an operator token of this ID"))?;
    Ok(())
}

/// Notes when tokens and API keys were last shown.
pub(super) fn note_shown(tx: &Connection, shown: &[(Shown, Timestamp)]) -> Result<(), Fault> {
    const KEY: &str =
        "UPDATE api_keys SET last_used_at = ?1 WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)";
    const TOKEN: &str = "UPDATE operator_tokens SET last_used_at = ?1
        WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)";
    for (what, at) in shown {
        let (update, id) = match what {
            Shown::ApiKey(id) => (KEY, id.as_bytes()),
            Shown::OperatorToken(id) => (TOKEN, id.as_bytes()),
        };
        tx.prepare_cached(update)?.execute((at.unix_millis(), id))?;
    }
    Ok(())
}
