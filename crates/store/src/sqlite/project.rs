//! Projects and API keys.

use crate::{
    error::{Fault, conflict},
    row::{Columns, Hex},
};
use authmint_domain::model::project::{ApiKeyRecord, Project};
use authmint_protocol::api_key::{Environment, Usage};
use rusqlite::{Connection, params};

pub(super) fn put(tx: &Connection, project: &Project) -> Result<(), Fault> {
    const UPSERT: &str = "INSERT INTO projects (id, name, environment, policy, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, policy = excluded.policy";
    tx.prepare_cached(UPSERT)?.execute(params![
        project.id.as_bytes(),
        project.name,
        project.environment.as_str(),
        json(&project.policy)?,
        project.created_at.unix_millis(),
    ])?;
    Ok(())
}

pub(super) fn put_api_key(tx: &Connection, key: &ApiKeyRecord) -> Result<(), Fault> {
    // A revocation outlives a repeat: a key listed in a configuration must not come back with the next start.
    const UPSERT: &str =
        "INSERT INTO api_keys (hash, id, project_id, usage, scopes, callers, created_at, revoked_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
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
        key.revoked_at.map(|at| at.unix_millis()),
    ];
    tx.prepare_cached(UPSERT)?.execute(values).map_err(conflict("an API key of this ID"))?;
    Ok(())
}

pub(super) fn api_key(db: &Connection, hash: [u8; 32]) -> Result<Option<(ApiKeyRecord, Project)>, Fault> {
    const SELECT: &str =
        "SELECT k.id, k.project_id, k.usage, k.scopes, k.callers, k.created_at, k.revoked_at,
            p.id, p.name, p.environment, p.policy, p.created_at
        FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id WHERE k.hash = ?1";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query([hash])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let shown = Hex(&hash);
    let mut columns = Columns::new(row, "api_keys", &shown);
    let key = ApiKeyRecord {
        id: columns.next("id")?,
        hash,
        project_id: columns.next("project_id")?,
        usage: columns.parsed("usage", |text| {
            [Usage::Client, Usage::Server].into_iter().find(|usage| usage.prefix() == text)
        })?,
        scopes: columns.parsed("scopes", |text| serde_json::from_str(text).ok())?,
        callers: columns.parsed("callers", |text| serde_json::from_str(text).ok())?,
        created_at: columns.next("created_at")?,
        revoked_at: columns.next("revoked_at")?,
    };
    let mut columns = columns.of("projects", &key.project_id);
    let project = Project {
        id: columns.next("id")?,
        name: columns.next("name")?,
        environment: columns.parsed("environment", Environment::from_name)?,
        policy: columns.parsed("policy", |text| serde_json::from_str(text).ok())?,
        created_at: columns.next("created_at")?,
    };
    Ok(Some((key, project)))
}

/// The text of a value that is made of strings and numbers.
fn json<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::refused("a value has no JSON form"))
}
