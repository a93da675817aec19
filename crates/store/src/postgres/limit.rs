//! Limits: one time a key.

use super::transaction::Tx;
use crate::{
    error::Fault,
    row::{Columns, Row},
};
use authmint_domain::model::limit::{Limit, LimitKey, Spent};
use authmint_protocol::time::Timestamp;
use std::collections::HashMap;

/// Pays from every allowance, or from none; the wait is the longest of those that are spent.
pub(super) async fn pay(
    tx: &Tx<'_>,
    limits: &[(LimitKey, Limit)],
    now: Timestamp,
) -> Result<Result<(), Spent>, Fault> {
    // Everybody locks in the order of the names. A row that nobody has paid from yet is made first, so that it can be locked.
    const MAKE: &str = "INSERT INTO rate_limits (name, spent_until)
        SELECT name, 0 FROM unnest($1::text[]) AS n (name) ORDER BY name ON CONFLICT DO NOTHING";
    const LOCK: &str =
        "SELECT name, spent_until FROM rate_limits WHERE name = ANY ($1) ORDER BY name FOR UPDATE";
    const PAY: &str = "UPDATE rate_limits r SET spent_until = n.until
        FROM unnest($1::text[], $2::bigint[]) AS n (name, until) WHERE r.name = n.name";
    if limits.is_empty() {
        return Ok(Ok(()));
    }
    let names: Vec<&str> = limits.iter().map(|(key, _)| key.as_str()).collect();
    tx.execute(MAKE, &[&names]).await?;
    let read = |row: &dyn Row| {
        let mut columns = Columns::new(row, "rate_limits", &"any");
        Ok((columns.next("name")?, columns.next("spent_until")?))
    };
    let mut spent: HashMap<String, Timestamp> = tx.all(LOCK, &[&names], read).await?.into_iter().collect();
    let mut refused: Option<Spent> = None;
    for (key, limit) in limits {
        match limit.pay(spent.get(key.as_str()).copied(), now) {
            Ok(until) => drop(spent.insert(key.as_str().to_owned(), until)),
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
    let (names, ends): (Vec<String>, Vec<i64>) =
        spent.into_iter().map(|(name, until)| (name, until.unix_millis())).unzip();
    tx.execute(PAY, &[&names, &ends]).await?;
    Ok(Ok(()))
}
