//! API keys.

use super::{
    audit,
    project::{self, json},
};
use crate::{
    error::{Fault, conflict},
    row::{Columns, Hex},
};
use authmint_domain::{
    model::project::{ApiKeyRecord, Project},
    port::{AdminDecision, Decide},
};
use authmint_protocol::{
    api_key::Usage,
    id::{ApiKeyId, ProjectId},
};
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
    const SELECT: &str =
        "SELECT k.hash, k.id, k.project_id, k.usage, k.scopes, k.callers, k.created_at, k.last_used_at,
            k.revoked_at, p.id, p.name, p.environment, p.policy, p.created_at, p.not_before
        FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id WHERE k.hash = ?1";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query([hash])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let shown = Hex(&hash);
    let mut columns = Columns::new(row, "api_keys", &shown);
    let key = read(&mut columns)?;
    let project = project::read(&mut columns.of("projects", &key.project_id))?;
    Ok(Some((key, project)))
}

pub(super) fn of_project(db: &Connection, project_id: ProjectId) -> Result<Vec<ApiKeyRecord>, Fault> {
    const SELECT: &str =
        "SELECT hash, id, project_id, usage, scopes, callers, created_at, last_used_at, revoked_at
        FROM api_keys WHERE project_id = ?1 ORDER BY created_at, id";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query([project_id.as_bytes()])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let place = format!("number {} by age of project {project_id}", keys.len() + 1);
        keys.push(read(&mut Columns::new(row, "api_keys", &place))?);
    }
    Ok(keys)
}

pub(super) fn decide<A>(
    tx: &Connection,
    id: ApiKeyId,
    decide: &impl Decide<ApiKeyRecord, AdminDecision<ApiKeyRecord, A>>,
) -> Result<A, Fault> {
    const SELECT: &str =
        "SELECT hash, id, project_id, usage, scopes, callers, created_at, last_used_at, revoked_at
        FROM api_keys WHERE id = ?1";
    let mut statement = tx.prepare_cached(SELECT)?;
    let mut rows = statement.query([id.as_bytes()])?;
    let found = rows.next()?.map(|row| read(&mut Columns::new(row, "api_keys", &id))).transpose()?;
    let decision = decide(found.as_ref());
    if let Some(key) = &decision.put {
        put(tx, key)?;
    }
    if let Some(event) = &decision.audit {
        audit::record(tx, event)?;
    }
    Ok(decision.answer)
}

/// Reads a key's columns `hash, id, project_id, usage, scopes, callers, created_at, last_used_at, revoked_at`.
fn read(columns: &mut Columns<'_>) -> Result<ApiKeyRecord, Fault> {
    Ok(ApiKeyRecord {
        hash: columns.next("hash")?,
        id: columns.next("id")?,
        project_id: columns.next("project_id")?,
        usage: columns.parsed("usage", |text| {
            [Usage::Client, Usage::Server].into_iter().find(|usage| usage.prefix() == text)
        })?,
        scopes: columns.parsed("scopes", |text| serde_json::from_str(text).ok())?,
        callers: columns.parsed("callers", |text| serde_json::from_str(text).ok())?,
        created_at: columns.next("created_at")?,
        last_used_at: columns.next("last_used_at")?,
        revoked_at: columns.next("revoked_at")?,
    })
}
