//! API keys.

use super::{Columns, Hex, Row, project};
use crate::error::Fault;
use authmint_domain::model::project::{ApiKeyRecord, Project};
use authmint_protocol::api_key::Usage;

/// A `SELECT` of API keys `k`, as [`read`] takes it; behind it: further columns, from where, and which.
macro_rules! select_api_keys {
    ($rest:literal) => {
        concat!(
            "SELECT k.hash, k.id, k.project_id, k.usage, k.scopes, k.callers, k.created_at, k.last_used_at, k.revoked_at",
            $rest
        )
    };
}
pub(crate) use select_api_keys;

pub(crate) fn read(row: &dyn Row) -> Result<ApiKeyRecord, Fault> {
    let hash: Vec<u8> = Columns::only(row, "api_keys", "hash")?;
    let shown = Hex(&hash);
    columns_of(&mut Columns::new(row, "api_keys", &shown))
}

/// Reads a key's columns, and its project's behind them: `id, name, environment, policy, created_at, not_before`.
pub(crate) fn with_project(row: &dyn Row, hash: [u8; 32]) -> Result<(ApiKeyRecord, Project), Fault> {
    let shown = Hex(&hash);
    let mut columns = Columns::new(row, "api_keys", &shown);
    let key = columns_of(&mut columns)?;
    let project = project::joined(&mut columns.of("projects", &key.project_id))?;
    Ok((key, project))
}

fn columns_of(columns: &mut Columns<'_>) -> Result<ApiKeyRecord, Fault> {
    Ok(ApiKeyRecord {
        hash: columns.next("hash")?,
        id: columns.next("id")?,
        project_id: columns.next("project_id")?,
        usage: columns.parsed("usage", |text| {
            [Usage::Client, Usage::Server].into_iter().find(|usage| usage.prefix() == text)
        })?,
        scopes: columns.parsed("scopes", |text| serde_json::from_str(text).ok())?,
        callers: columns.parsed("callers", |text| serde_json::from_str(text).ok())?,
        created_at: columns.next("created_at")?,
        last_used_at: columns.next("last_used_at")?,
        revoked_at: columns.next("revoked_at")?,
    })
}
