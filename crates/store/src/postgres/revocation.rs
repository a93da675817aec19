//! The revocation feed: entries are added by whoever commits the end that they tell of.

use super::{database::Database, query::Key, transaction::Tx};
use crate::{
    error::Fault,
    row::{
        Columns,
        revocation::{cut, read, resume},
        signed,
    },
};
use authmint_domain::{
    model::revocation::{Revocation, Stretch},
    port::StoreError,
};
use authmint_protocol::{id::ProjectId, time::Timestamp};
use std::sync::atomic::Ordering;

/// Where replicas are told that the feed has grown.
pub(super) const CHANNEL: &str = "authmint_revocations";

/// Adds entries and answers the number of the last one. To be called last in a transaction: from here on, whoever else ends
/// something waits for its commit.
pub(super) async fn record_all(tx: &Tx<'_>, entries: &[Revocation]) -> Result<Option<u64>, Fault> {
    const NUMBER: &str = "UPDATE revocation_numbers SET last = last + $1 RETURNING last";
    const INSERT: &str =
        "INSERT INTO revocations (number, project_id, kind, id, reason, ended_at, expires_at)
        SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[],
            $7::bigint[])";
    if entries.is_empty() {
        return Ok(None);
    }
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let last: Option<u64> =
        tx.write_asking(NUMBER, &[&count], |row| Columns::only(row, "revocation_numbers", "last")).await?;
    let last = last.ok_or_else(|| Fault::refused("the feed has lost its number"))?;
    let numbers: Vec<i64> = (signed(last) - count + 1..=signed(last)).collect();
    let projects: Vec<_> = entries.iter().map(|entry| entry.project_id.map(|id| id.key())).collect();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.what.kind_text()).collect();
    let ids: Vec<String> = entries.iter().map(|entry| entry.what.id()).collect();
    let reasons: Vec<&str> = entries.iter().map(|entry| entry.reason).collect();
    let ends: Vec<i64> = entries.iter().map(|entry| entry.ended_at.unix_millis()).collect();
    let expiries: Vec<i64> = entries.iter().map(|entry| entry.expires_at().unix_millis()).collect();
    tx.execute(INSERT, &[&numbers, &projects, &kinds, &ids, &reasons, &ends, &expiries]).await?;
    if tx.database.notifies.load(Ordering::Relaxed) {
        tx.one("SELECT pg_notify($1, $2)", &[&CHANNEL, &last.to_string()], |_| Ok(())).await?;
    }
    Ok(Some(last))
}

/// Adds an entry and answers its number.
pub(super) async fn record(tx: &Tx<'_>, entry: &Revocation) -> Result<Option<u64>, Fault> {
    record_all(tx, std::slice::from_ref(entry)).await
}

/// Moves the numbers beyond any that a follower of the database's former life can hold: what is recorded from now on
/// comes after it, and is missed by nobody.
pub(super) async fn skip_ahead(tx: &Tx<'_>) -> Result<(), Fault> {
    tx.execute("UPDATE revocation_numbers SET last = last + 1000000000", &[]).await.map(drop)
}

/// The last number that was given and committed.
pub(super) async fn last(database: &Database) -> Result<u64, StoreError> {
    const LAST: &str = "SELECT last FROM revocation_numbers";
    let last = database.one(LAST, &[], |row| Columns::only(row, "revocation_numbers", "last")).await?;
    Ok(last.unwrap_or(0))
}

/// Reads a stretch. The last number is read first: whatever is committed meanwhile belongs to the next stretch.
pub(super) async fn stretch(
    database: &Database,
    project_id: ProjectId,
    position: Option<u64>,
    (limit, now): (u32, Timestamp),
) -> Result<Stretch, StoreError> {
    const FIRST: &str = "SELECT min(number) FROM revocations";
    const SELECT: &str = "SELECT number, kind, id, ended_at, expires_at FROM revocations
        WHERE number > $1 AND number <= $2 AND (project_id = $3 OR project_id IS NULL) AND expires_at > $4
        ORDER BY number LIMIT $5";
    let last = last(database).await?;
    if position == Some(last) {
        return Ok(Stretch { entries: Vec::new(), position: last, snapshot: false, more: false });
    }
    let first = database.one(FIRST, &[], |row| Columns::only(row, "revocations", "number")).await?;
    let from = resume(position, first.flatten(), last);
    let found = database
        .all(
            SELECT,
            &[
                &signed(from.unwrap_or(0)),
                &signed(last),
                &project_id.key(),
                &now.unix_millis(),
                &(i64::from(limit) + 1),
            ],
            read,
        )
        .await?;
    Ok(cut(found, limit, from.is_none(), last))
}
