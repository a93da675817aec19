//! Operator tokens.

use super::{audit, database::Database, query::Key, transaction::Tx};
use crate::{
    error::{Fault, taken},
    row::operator_token::{read, select_operator_tokens},
};
use authmint_domain::{
    model::operator_token::OperatorTokenRecord,
    port::{AdminDecision, Decide, Shown, StoreError},
};
use authmint_protocol::{id::OperatorTokenId, time::Timestamp};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) async fn find(
    database: &Database,
    hash: [u8; 32],
) -> Result<Option<OperatorTokenRecord>, StoreError> {
    database.one(select_operator_tokens!("WHERE hash = $1"), &[&&hash[..]], read).await
}

pub(super) async fn all(database: &Database) -> Result<Vec<OperatorTokenRecord>, StoreError> {
    database.all(select_operator_tokens!("ORDER BY created_at, id"), &[], read).await
}

pub(super) async fn decide<A>(
    tx: &Tx<'_>,
    id: OperatorTokenId,
    decide: &impl Decide<OperatorTokenRecord, AdminDecision<OperatorTokenRecord, A>>,
) -> Result<A, Fault> {
    const SELECT: &str = select_operator_tokens!("WHERE id = $1 FOR UPDATE");
    let found = tx.one(SELECT, &[&id.key()], read).await?;
    let decision = decide(found.as_ref());
    if let Some(token) = &decision.put {
        put(tx, token, found.is_none()).await?;
    }
    if let Some(event) = &decision.audit {
        audit::record(tx, event).await?;
    }
    Ok(decision.answer)
}

async fn put(tx: &Tx<'_>, token: &OperatorTokenRecord, new: bool) -> Result<(), Fault> {
    const INSERT: &str =
        "INSERT INTO operator_tokens (id, hash, name, created_at, expires_at, last_used_at, revoked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    // A revocation outlives a repeat.
    const REVOKE: &str = "UPDATE operator_tokens SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1";
    let (id, revoked_at) = (token.id.key(), token.revoked_at.map(|at| at.unix_millis()));
    if !new {
        tx.execute(REVOKE, &[&id, &revoked_at]).await?;
        return Ok(());
    }
    tx.execute(
        INSERT,
        &[
            &id,
            &&token.hash[..],
            &token.name,
            &token.created_at.unix_millis(),
            &token.expires_at.map(|at| at.unix_millis()),
            &token.last_used_at.map(|at| at.unix_millis()),
            &revoked_at,
        ],
    )
    .await
    .map_err(taken("an operator token of this ID"))?;
    Ok(())
}

/// Notes when tokens and API keys were last shown.
pub(super) async fn note_shown(tx: &Tx<'_>, shown: &[(Shown, Timestamp)]) -> Result<(), Fault> {
    const KEYS: &str = "UPDATE api_keys r SET last_used_at = n.at
        FROM unnest($1::uuid[], $2::bigint[]) AS n (id, at)
        WHERE r.id = n.id AND (r.last_used_at IS NULL OR r.last_used_at < n.at)";
    const TOKENS: &str = "UPDATE operator_tokens r SET last_used_at = n.at
        FROM unnest($1::uuid[], $2::bigint[]) AS n (id, at)
        WHERE r.id = n.id AND (r.last_used_at IS NULL OR r.last_used_at < n.at)";
    let (mut keys, mut tokens) = (BTreeMap::<Uuid, i64>::new(), BTreeMap::<Uuid, i64>::new());
    for (what, at) in shown {
        let last = match what {
            Shown::ApiKey(id) => keys.entry(id.key()).or_insert(i64::MIN),
            Shown::OperatorToken(id) => tokens.entry(id.key()).or_insert(i64::MIN),
        };
        *last = at.unix_millis().max(*last);
    }
    for (update, shown) in [(KEYS, keys), (TOKENS, tokens)] {
        if !shown.is_empty() {
            let (ids, times): (Vec<Uuid>, Vec<i64>) = shown.into_iter().unzip();
            tx.execute(update, &[&ids, &times]).await?;
        }
    }
    Ok(())
}
