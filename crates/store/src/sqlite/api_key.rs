//! API keys.

use super::{audit, query};
use crate::{
    error::{Fault, conflict},
    row::{
        api_key::{read, select_api_keys, with_project as read_with_project},
        project::json,
    },
};
use authmint_domain::{
    model::project::{ApiKeyRecord, Project},
    port::{AdminDecision, Decide},
};
use authmint_protocol::id::{ApiKeyId, ProjectId};
use rusqlite::{Connection, params};

pub(super) fn put(tx: &Connection, key: &ApiKeyRecord) -> Result<(), Fault> {
    // A revocation outlives a repeat: a key listed in a configuration must not come back with the next start.
    const UPSERT: &str =
        "INSERT INTO api_keys (hash, id, project_id, usage, scopes, callers, created_at, last_used_at, revoked_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (hash) DO UPDATE SET scopes = excluded.scopes, callers = excluded.callers,
            revoked_at = coalesce(revoked_at, excluded.revoked_at)";
    let values = params![
        key.hash,
        key.id.as_bytes(),
        key.project_id.as_bytes(),
        key.usage.prefix(),
        json(&key.scopes)?,
        json(&key.callers)?,
        key.created_at.unix_millis(),
        key.last_used_at.map(|at| at.unix_millis()),
        key.revoked_at.map(|at| at.unix_millis()),
    ];
    tx.prepare_cached(UPSERT)?.execute(values).map_err(conflict("an API key of this ID"))?;
    Ok(())
}

pub(super) fn with_project(
    db: &Connection,
    hash: [u8; 32],
) -> Result<Option<(ApiKeyRecord, Project)>, Fault> {
    const SELECT: &str = select_api_keys!(
        ", p.id, p.name, p.environment, p.policy, p.created_at, p.not_before
        FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id WHERE k.hash = ?1"
    );
    query::one(db, SELECT, [hash], |row| read_with_project(row, hash))
}

pub(super) fn of_project(db: &Connection, project_id: ProjectId) -> Result<Vec<ApiKeyRecord>, Fault> {
    const SELECT: &str =
        select_api_keys!(" FROM api_keys k WHERE k.project_id = ?1 ORDER BY k.created_at, k.id");
    query::all(db, SELECT, [project_id.as_bytes()], read)
}

pub(super) fn decide<A>(
    tx: &Connection,
    id: ApiKeyId,
    decide: &impl Decide<ApiKeyRecord, AdminDecision<ApiKeyRecord, A>>,
) -> Result<A, Fault> {
    const SELECT: &str = select_api_keys!(" FROM api_keys k WHERE k.id = ?1");
    let found = query::one(tx, SELECT, [id.as_bytes()], read)?;
    let decision = decide(found.as_ref());
    if let Some(key) = &decision.put {
        put(tx, key)?;
    }
    if let Some(event) = &decision.audit {
        audit::record(tx, event)?;
    }
    Ok(decision.answer)
}
