//! Issuers of others that projects trust.

use super::{audit, query, session::exactly_one};
use crate::{
    error::{Fault, conflict},
    row::{
        issuer::{read, select_issuers},
        project::json,
    },
};
use authmint_domain::{
    model::issuer::TrustedIssuer,
    port::{IssuerChange, IssuerDecision},
};
use authmint_protocol::id::{IssuerId, ProjectId};
use rusqlite::{Connection, params};

pub(super) fn of_project(db: &Connection, project_id: ProjectId) -> Result<Vec<TrustedIssuer>, Fault> {
    query::all(db, select_issuers!("WHERE project_id = ?1 ORDER BY name"), [project_id.as_bytes()], read)
}

/// Decides over all issuers of a project at once: names and their number are among what is decided.
pub(super) fn decide<A>(
    tx: &Connection,
    project_id: ProjectId,
    decide: &impl Fn(&[TrustedIssuer]) -> IssuerDecision<A>,
) -> Result<A, Fault> {
    const INSERT: &str = "INSERT INTO issuers (id, project_id, name, terms, reuse, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    const DELETE: &str = "DELETE FROM issuers WHERE id = ?1 AND project_id = ?2";
    let IssuerDecision { change, answer } = decide(&of_project(tx, project_id)?);
    let Some((change, event)) = change else { return Ok(answer) };
    match change {
        IssuerChange::Add(issuer) => {
            let values = params![
                issuer.id.as_bytes(),
                issuer.project_id.as_bytes(),
                issuer.name,
                json(&issuer.terms)?,
                issuer.reuse.as_str(),
                issuer.created_at.unix_millis(),
            ];
            tx.prepare_cached(INSERT)?.execute(values).map_err(conflict("an issuer of this ID"))?;
        }
        IssuerChange::Remove(id) => {
            exactly_one(tx.prepare_cached(DELETE)?.execute((id.as_bytes(), project_id.as_bytes()))?)?;
        }
    }
    audit::record(tx, &event)?;
    Ok(answer)
}

/// Whether a project trusts an issuer now.
pub(super) fn is_trusted(tx: &Connection, project_id: ProjectId, id: IssuerId) -> Result<bool, Fault> {
    const SELECT: &str = "SELECT 1 FROM issuers WHERE id = ?1 AND project_id = ?2";
    Ok(tx.prepare_cached(SELECT)?.exists((id.as_bytes(), project_id.as_bytes()))?)
}
