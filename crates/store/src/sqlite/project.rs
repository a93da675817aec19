//! Projects.

use super::{audit, query, revocation};
use crate::{
    error::Fault,
    row::project::{json, read, select_projects},
};
use authmint_domain::{
    model::project::Project,
    port::{AdminDecision, Decide},
};
use authmint_protocol::id::ProjectId;
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
    query::all(db, select_projects!("ORDER BY created_at, id"), [], read)
}

pub(super) fn load(db: &Connection, id: ProjectId) -> Result<Option<Project>, Fault> {
    query::one(db, select_projects!("WHERE id = ?1"), [id.as_bytes()], read)
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
