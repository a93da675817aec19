//! Issuers of others that projects trust.

use super::{audit, project::json, session::exactly_one};
use crate::{
    error::{Fault, conflict},
    row::Columns,
};
use authmint_domain::{
    model::{assertion::Reuse, issuer::TrustedIssuer},
    port::{IssuerChange, IssuerDecision},
};
use authmint_protocol::id::{IssuerId, ProjectId};
use rusqlite::{Connection, params};

pub(super) fn of_project(db: &Connection, project_id: ProjectId) -> Result<Vec<TrustedIssuer>, Fault> {
    const SELECT: &str = "SELECT id, project_id, name, terms, reuse, created_at FROM issuers
        WHERE project_id = ?1 ORDER BY name";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query([project_id.as_bytes()])?;
    let mut issuers = Vec::new();
    while let Some(row) = rows.next()? {
        let place = format!("number {} by name of project {project_id}", issuers.len() + 1);
        issuers.push(read(&mut Columns::new(row, "issuers", &place))?);
    }
    Ok(issuers)
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

fn read(columns: &mut Columns<'_>) -> Result<TrustedIssuer, Fault> {
    Ok(TrustedIssuer {
        id: columns.next("id")?,
        project_id: columns.next("project_id")?,
        name: columns.next("name")?,
        terms: columns.parsed("terms", |text| serde_json::from_str(text).ok())?,
        reuse: columns.parsed("reuse", Reuse::from_name)?,
        created_at: columns.next("created_at")?,
    })
}
