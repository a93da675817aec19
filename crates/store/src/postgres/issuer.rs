//! Issuers of others that projects trust.

use super::{audit, database::Database, project, query::Key, session::exactly_one, transaction::Tx};
use crate::{
    error::{Fault, taken},
    row::{
        issuer::{read, select_issuers},
        project::json,
    },
};
use authmint_domain::{
    model::issuer::TrustedIssuer,
    port::{IssuerChange, IssuerDecision, StoreError},
};
use authmint_protocol::id::{IssuerId, ProjectId};

const OF_PROJECT: &str = select_issuers!("WHERE project_id = $1 ORDER BY name");

pub(super) async fn of_project(
    database: &Database,
    project_id: ProjectId,
) -> Result<Vec<TrustedIssuer>, StoreError> {
    database.all(OF_PROJECT, &[&project_id.key()], read).await
}

/// Decides over all issuers of a project at once: names and their number are among what is decided, so the project is locked.
pub(super) async fn decide<A>(
    tx: &Tx<'_>,
    project_id: ProjectId,
    decide: &(impl Fn(&[TrustedIssuer]) -> IssuerDecision<A> + Sync),
) -> Result<A, Fault> {
    const INSERT: &str = "INSERT INTO issuers (id, project_id, name, terms, reuse, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    const DELETE: &str = "DELETE FROM issuers WHERE id = $1 AND project_id = $2";
    project::locked(tx, project_id).await?;
    let trusted = tx.all(OF_PROJECT, &[&project_id.key()], read).await?;
    let IssuerDecision { change, answer } = decide(&trusted);
    let Some((change, event)) = change else { return Ok(answer) };
    match change {
        IssuerChange::Add(issuer) => {
            tx.execute(
                INSERT,
                &[
                    &issuer.id.key(),
                    &issuer.project_id.key(),
                    &issuer.name,
                    &json(&issuer.terms)?,
                    &issuer.reuse.as_str(),
                    &issuer.created_at.unix_millis(),
                ],
            )
            .await
            .map_err(taken("an issuer of this ID"))?;
        }
        IssuerChange::Remove(id) => {
            exactly_one(tx.execute(DELETE, &[&id.key(), &project_id.key()]).await?)?;
        }
    }
    audit::record(tx, &event).await?;
    Ok(answer)
}

/// Whether a project trusts an issuer now, and until this transaction ends.
pub(super) async fn is_trusted(tx: &Tx<'_>, project_id: ProjectId, id: IssuerId) -> Result<bool, Fault> {
    const SELECT: &str = "SELECT 1::bigint FROM issuers WHERE id = $1 AND project_id = $2 FOR SHARE";
    Ok(tx.one(SELECT, &[&id.key(), &project_id.key()], |_| Ok(())).await?.is_some())
}
