//! API keys.

use super::{audit, database::Database, query::Key, transaction::Tx};
use crate::{
    error::{Fault, taken},
    row::{
        api_key::{read, select_api_keys, with_project as read_with_project},
        project::json,
    },
};
use authmint_domain::{
    model::project::{ApiKeyRecord, Project},
    port::{AdminDecision, Decide, StoreError},
};
use authmint_protocol::id::{ApiKeyId, ProjectId};

/// An `INSERT` of all columns; behind it: what a repeat does.
macro_rules! insert {
    ($rest:literal) => {
        concat!(
            "INSERT INTO api_keys
                (hash, id, project_id, usage, scopes, callers, created_at, last_used_at, revoked_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ",
            $rest
        )
    };
}

pub(super) async fn put(tx: &Tx<'_>, key: &ApiKeyRecord) -> Result<(), Fault> {
    // A revocation outlives a repeat: a key listed in a configuration must not come back with the next start.
    const UPSERT: &str = insert!(
        "ON CONFLICT (hash) DO UPDATE SET scopes = excluded.scopes, callers = excluded.callers,
            revoked_at = coalesce(api_keys.revoked_at, excluded.revoked_at)"
    );
    write(tx, UPSERT, key).await
}

async fn write(tx: &Tx<'_>, sql: &str, key: &ApiKeyRecord) -> Result<(), Fault> {
    tx.execute(
        sql,
        &[
            &&key.hash[..],
            &key.id.key(),
            &key.project_id.key(),
            &key.usage.prefix(),
            &json(&key.scopes)?,
            &json(&key.callers)?,
            &key.created_at.unix_millis(),
            &key.last_used_at.map(|at| at.unix_millis()),
            &key.revoked_at.map(|at| at.unix_millis()),
        ],
    )
    .await
    .map_err(taken("an API key of this ID"))?;
    Ok(())
}

pub(super) async fn with_project(
    database: &Database,
    hash: [u8; 32],
) -> Result<Option<(ApiKeyRecord, Project)>, StoreError> {
    const SELECT: &str = select_api_keys!(
        ", p.id, p.name, p.environment, p.policy, p.created_at, p.not_before
        FROM api_keys k JOIN projects p ON p.id = k.project_id WHERE k.hash = $1"
    );
    database.one(SELECT, &[&&hash[..]], |row| read_with_project(row, hash)).await
}

pub(super) async fn of_project(
    database: &Database,
    project_id: ProjectId,
) -> Result<Vec<ApiKeyRecord>, StoreError> {
    const SELECT: &str =
        select_api_keys!(" FROM api_keys k WHERE k.project_id = $1 ORDER BY k.created_at, k.id");
    database.all(SELECT, &[&project_id.key()], read).await
}

pub(super) async fn decide<A>(
    tx: &Tx<'_>,
    id: ApiKeyId,
    decide: &impl Decide<ApiKeyRecord, AdminDecision<ApiKeyRecord, A>>,
) -> Result<A, Fault> {
    const SELECT: &str = select_api_keys!(" FROM api_keys k WHERE k.id = $1 FOR UPDATE");
    let found = tx.one(SELECT, &[&id.key()], read).await?;
    let decision = decide(found.as_ref());
    match (&decision.put, &found) {
        (Some(key), None) => write(tx, insert!(""), key).await?,
        (Some(key), Some(_)) => put(tx, key).await?,
        (None, _) => {}
    }
    if let Some(event) = &decision.audit {
        audit::record(tx, event).await?;
    }
    Ok(decision.answer)
}
