//! Projects.

use super::{audit, revocation};
use crate::{error::Fault, row::Columns};
use authmint_domain::{
    model::project::Project,
    port::{AdminDecision, Decide},
};
use authmint_protocol::{api_key::Environment, id::ProjectId};
use rusqlite::{Connection, params};

pub(super) fn put(tx: &Connection, project: &Project) -> Result<(), Fault> {
    const UPSERT: &str = "INSERT INTO projects (id, name, environment, policy, created_at, not_before)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, policy = excluded.policy,
            not_before = coalesce(excluded.not_before, not_before)";
    tx.prepare_cached(UPSERT)?.execute(params![
        project.id.as_bytes(),
        project.name,
        project.environment.as_str(),
        json(&project.policy)?,
        project.created_at.unix_millis(),
        project.not_before.map(|at| at.unix_millis()),
    ])?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<Project>, Fault> {
    const SELECT: &str =
        "SELECT id, name, environment, policy, created_at, not_before FROM projects ORDER BY created_at, id";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query([])?;
    let mut projects = Vec::new();
    while let Some(row) = rows.next()? {
        let place = format!("number {} by age", projects.len() + 1);
        projects.push(read(&mut Columns::new(row, "projects", &place))?);
    }
    Ok(projects)
}

pub(super) fn load(db: &Connection, id: ProjectId) -> Result<Option<Project>, Fault> {
    const SELECT: &str =
        "SELECT id, name, environment, policy, created_at, not_before FROM projects WHERE id = ?1";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query([id.as_bytes()])?;
    rows.next()?.map(|row| read(&mut Columns::new(row, "projects", &id))).transpose()
}

/// Beside the answer stands the number of the entry in the revocation feed, if something ended.
pub(super) fn decide<A>(
    tx: &Connection,
    id: ProjectId,
    decide: &impl Decide<Project, AdminDecision<Project, A>>,
) -> Result<(A, Option<u64>), Fault> {
    let decision = decide(load(tx, id)?.as_ref());
    if let Some(project) = &decision.put {
        put(tx, project)?;
    }
    if let Some(event) = &decision.audit {
        audit::record(tx, event)?;
    }
    let entry = decision.revocation.as_ref().map(|entry| revocation::record(tx, entry)).transpose()?;
    Ok((decision.answer, entry))
}

/// Reads a project's columns `id, name, environment, policy, created_at, not_before`.
pub(super) fn read(columns: &mut Columns<'_>) -> Result<Project, Fault> {
    Ok(Project {
        id: columns.next("id")?,
        name: columns.next("name")?,
        environment: columns.parsed("environment", Environment::from_name)?,
        policy: columns.parsed("policy", |text| serde_json::from_str(text).ok())?,
        created_at: columns.next("created_at")?,
        not_before: columns.next("not_before")?,
    })
}

/// The text of a value that is made of strings and numbers.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::refused("a value has no JSON form"))
}
