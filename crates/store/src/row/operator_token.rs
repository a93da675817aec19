//! Operator tokens.

use super::{Columns, Row};
use crate::error::Fault;
use authmint_domain::model::operator_token::OperatorTokenRecord;
use authmint_protocol::id::OperatorTokenId;

/// A `SELECT` of operator tokens, as [`read`] takes it; behind it: which.
macro_rules! select_operator_tokens {
    ($rest:literal) => {
        concat!(
            "SELECT id, hash, name, created_at, expires_at, last_used_at, revoked_at FROM operator_tokens ",
            $rest
        )
    };
}
pub(crate) use select_operator_tokens;

pub(crate) fn read(row: &dyn Row) -> Result<OperatorTokenRecord, Fault> {
    let id: OperatorTokenId = Columns::only(row, "operator_tokens", "id")?;
    let mut columns = Columns::new(row, "operator_tokens", &id);
    Ok(OperatorTokenRecord {
        id: columns.next("id")?,
        hash: columns.next("hash")?,
        name: columns.next("name")?,
        created_at: columns.next("created_at")?,
        expires_at: columns.next("expires_at")?,
        last_used_at: columns.next("last_used_at")?,
        revoked_at: columns.next("revoked_at")?,
    })
}
