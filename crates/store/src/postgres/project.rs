//! Projects.

use super::{audit, database::Database, query::Key, revocation, signing_key, transaction::Tx};
use crate::{
    error::{Fault, taken},
    row::project::{json, read, select_projects},
};
use authmint_domain::{
    model::project::Project,
    port::{AdminDecision, Decide, StoreError},
};
use authmint_protocol::id::ProjectId;

pub(super) async fn put(tx: &Tx<'_>, project: &Project) -> Result<(), Fault> {
    let found = locked(tx, project.id).await?;
    write(tx, found.as_ref(), project).await
}

/// Makes the row, or changes what may change of it.
async fn write(tx: &Tx<'_>, found: Option<&Project>, project: &Project) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO projects (id, name, policy, not_before, environment, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    const UPDATE: &str = "UPDATE projects SET name = $2, policy = $3, not_before = coalesce($4, not_before)
        WHERE id = $1";
    let (id, policy) = (project.id.key(), json(&project.policy)?);
    let not_before = project.not_before.map(|at| at.unix_millis());
    match found {
        Some(_) => tx.execute(UPDATE, &[&id, &project.name, &policy, &not_before]).await?,
        None => {
            let (environment, at) = (project.environment.as_str(), project.created_at.unix_millis());
            tx.execute(INSERT, &[&id, &project.name, &policy, &not_before, &environment, &at])
                .await
                .map_err(taken("a project of this ID"))?
        }
    };
    if found.is_none_or(|found| found.policy != project.policy) {
        signing_key::changed(tx).await?;
    }
    Ok(())
}

pub(super) async fn all(database: &Database) -> Result<Vec<Project>, StoreError> {
    database.all(select_projects!("ORDER BY created_at, id"), &[], read).await
}

pub(super) async fn load(database: &Database, id: ProjectId) -> Result<Option<Project>, StoreError> {
    database.one(select_projects!("WHERE id = $1"), &[&id.key()], read).await
}

/// Sessions and users may be added meanwhile: they hold the row, and change nothing of it.
pub(super) async fn locked(tx: &Tx<'_>, id: ProjectId) -> Result<Option<Project>, Fault> {
    tx.one(select_projects!("WHERE id = $1 FOR NO KEY UPDATE"), &[&id.key()], read).await
}

/// Beside the answer stands the number of the entry in the revocation feed, if something ended.
pub(super) async fn decide<A>(
    tx: &Tx<'_>,
    id: ProjectId,
    decide: &impl Decide<Project, AdminDecision<Project, A>>,
) -> Result<(A, Option<u64>), Fault> {
    let found = locked(tx, id).await?;
    let AdminDecision { put, audit, revocation, answer } = decide(found.as_ref());
    if let Some(project) = &put {
        write(tx, found.as_ref(), project).await?;
    }
    if let Some(event) = &audit {
        audit::record(tx, event).await?;
    }
    Ok((answer, revocation::record_all(tx, revocation.as_slice()).await?))
}
