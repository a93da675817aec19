//! Assertions: JWTs of other issuers that were traded for sessions.

use super::{Columns, Hex, Row};
use crate::error::Fault;
use authmint_domain::model::assertion::Traded;

/// Reads an assertion's columns `traded_at, session_id`.
pub(crate) fn read(row: &dyn Row, hash: &[u8; 32]) -> Result<Traded, Fault> {
    let shown = Hex(hash);
    let mut columns = Columns::new(row, "assertions", &shown);
    Ok(Traded { at: columns.next("traded_at")?, session_id: columns.next("session_id")? })
}
