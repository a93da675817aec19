//! The revocation feed: entries are added by whoever commits the end that they tell of.

use super::query;
use crate::{
    error::Fault,
    row::{
        revocation::{cut, read, resume},
        signed,
    },
};
use authmint_domain::model::revocation::{Revocation, Stretch};
use authmint_protocol::{id::ProjectId, time::Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

/// Adds an entry and answers its number.
pub(super) fn record(tx: &Connection, entry: &Revocation) -> Result<u64, Fault> {
    const INSERT: &str = "INSERT INTO revocations (project_id, kind, id, reason, ended_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.prepare_cached(INSERT)?.execute(params![
        entry.project_id.as_ref().map(|id| id.as_bytes()),
        entry.what.kind_text(),
        entry.what.id(),
        entry.reason,
        entry.ended_at.unix_millis(),
        entry.expires_at().unix_millis(),
    ])?;
    Ok(tx.last_insert_rowid().unsigned_abs())
}

/// Moves the numbers beyond any that a follower of the database's former life can hold: what is recorded from now on
/// comes after it, and is missed by nobody.
pub(super) fn skip_ahead(tx: &Connection) -> Result<(), Fault> {
    const MOVE: &str = "UPDATE sqlite_sequence SET seq = seq + 1000000000 WHERE name = 'revocations'";
    const BEGIN: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES ('revocations', 1000000000)";
    if tx.execute(MOVE, [])? == 0 {
        tx.execute(BEGIN, [])?;
    }
    Ok(())
}

/// Reads a stretch. The last number is read first: whatever is committed meanwhile belongs to the next stretch.
pub(super) fn stretch(
    db: &Connection,
    project_id: ProjectId,
    position: Option<u64>,
    limit: u32,
    now: Timestamp,
) -> Result<Stretch, Fault> {
    const LAST: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'revocations'";
    const FIRST: &str = "SELECT min(number) FROM revocations";
    const SELECT: &str = "SELECT number, kind, id, ended_at, expires_at FROM revocations
        WHERE number > ?1 AND number <= ?2 AND (project_id = ?3 OR project_id IS NULL) AND expires_at > ?4
        ORDER BY number LIMIT ?5";
    let last = db.prepare_cached(LAST)?.query_row([], number).optional()?.unwrap_or(0);
    if position == Some(last) {
        return Ok(Stretch { entries: Vec::new(), position: last, snapshot: false, more: false });
    }
    let first = db.prepare_cached(FIRST)?.query_row([], |row| row.get::<_, Option<i64>>(0))?;
    let from = resume(position, first.map(i64::unsigned_abs), last);
    let values = params![
        signed(from.unwrap_or(0)),
        signed(last),
        project_id.as_bytes(),
        now.unix_millis(),
        limit.saturating_add(1),
    ];
    let found = query::all(db, SELECT, values, read)?;
    Ok(cut(found, limit, from.is_none(), last))
}

fn number(row: &rusqlite::Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(i64::unsigned_abs)
}
