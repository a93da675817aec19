//! Issuers of others.

use super::{Columns, Row};
use crate::error::Fault;
use authmint_domain::model::{assertion::Reuse, issuer::TrustedIssuer};
use authmint_protocol::id::IssuerId;

/// A `SELECT` of issuers, as [`read`] takes it; behind it: which.
macro_rules! select_issuers {
    ($rest:literal) => {
        concat!("SELECT id, project_id, name, terms, reuse, created_at FROM issuers ", $rest)
    };
}
pub(crate) use select_issuers;

pub(crate) fn read(row: &dyn Row) -> Result<TrustedIssuer, Fault> {
    let id: IssuerId = Columns::only(row, "issuers", "id")?;
    let mut columns = Columns::new(row, "issuers", &id);
    Ok(TrustedIssuer {
        id: columns.next("id")?,
        project_id: columns.next("project_id")?,
        name: columns.next("name")?,
        terms: columns.parsed("terms", |text| serde_json::from_str(text).ok())?,
        reuse: columns.parsed("reuse", Reuse::from_name)?,
        created_at: columns.next("created_at")?,
    })
}
