//! Limits: one time a key.

use super::query;
use crate::{error::Fault, row::Columns};
use authmint_domain::model::limit::{Limit, LimitKey, Spent};
use authmint_protocol::time::Timestamp;
use rusqlite::Connection;

/// Pays from every allowance, or from none; the wait is the longest of those that are spent.
pub(super) fn pay(
    tx: &Connection,
    limits: &[(LimitKey, Limit)],
    now: Timestamp,
) -> Result<Result<(), Spent>, Fault> {
    const UPSERT: &str = "INSERT INTO rate_limits (name, spent_until) VALUES (?1, ?2)
        ON CONFLICT (name) DO UPDATE SET spent_until = excluded.spent_until";
    let mut paid = Vec::with_capacity(limits.len());
    let mut refused: Option<Spent> = None;
    for (key, limit) in limits {
        match limit.pay(spent_until(tx, key)?, now) {
            Ok(until) => paid.push((key, until)),
            Err(spent) => {
                let longest =
                    refused.map_or(spent.retry_after, |other| other.retry_after.max(spent.retry_after));
                refused = Some(Spent { retry_after: longest });
            }
        }
    }
    if let Some(spent) = refused {
        return Ok(Err(spent));
    }
    for (key, until) in paid {
        tx.prepare_cached(UPSERT)?.execute((key.as_str(), until.unix_millis()))?;
    }
    Ok(Ok(()))
}

fn spent_until(tx: &Connection, key: &LimitKey) -> Result<Option<Timestamp>, Fault> {
    const SELECT: &str = "SELECT spent_until FROM rate_limits WHERE name = ?1";
    query::one(tx, SELECT, [key.as_str()], |row| Columns::only(row, "rate_limits", "spent_until"))
}
