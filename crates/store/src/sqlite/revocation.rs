//! The revocation feed: entries are added by whoever commits the end that they tell of.

use crate::{error::Fault, row::Columns};
use authmint_domain::model::revocation::{RecordedRevocation, Revocation, Revoked, Stretch};
use authmint_protocol::{id::ProjectId, time::Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::watch;

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
    let first = first.map_or(last + 1, i64::unsigned_abs);
    // What was purged before `first` is known to nobody any more; a position beyond `last` is another history's.
    let from = position.filter(|&position| position <= last && position + 1 >= first);
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![
        signed(from.unwrap_or(0)),
        signed(last),
        project_id.as_bytes(),
        now.unix_millis(),
        limit.saturating_add(1),
    ])?;
    let (mut entries, mut seen) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if entries.len() as u64 == u64::from(limit) {
            return Ok(Stretch { entries, position: seen, snapshot: from.is_none(), more: true });
        }
        seen = number(row)?;
        entries.push(read(row, seen)?);
    }
    Ok(Stretch { entries, position: last, snapshot: from.is_none(), more: false })
}

fn read(row: &Row<'_>, number: u64) -> Result<RecordedRevocation, Fault> {
    let mut columns = Columns::new(row, "revocations", &number);
    columns.skip();
    let kind: String = columns.next("kind")?;
    let what = columns.parsed("id", |id| Revoked::from_texts(&kind, id))?;
    Ok(RecordedRevocation {
        what,
        ended_at: columns.next("ended_at")?,
        expires_at: columns.next("expires_at")?,
    })
}

fn number(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(i64::unsigned_abs)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Tells those who wait that this process has committed something to the feed.
pub(super) struct News(watch::Sender<u64>);

impl Default for News {
    fn default() -> Self {
        Self(watch::channel(0).0)
    }
}

impl News {
    /// Tells the number of an entry that is durable, if there is one.
    pub(super) fn tell_of(&self, entry: Option<u64>) {
        let Some(number) = entry else { return };
        self.0.send_if_modified(|last| {
            let news = number > *last;
            *last = number.max(*last);
            news
        });
    }

    pub(super) async fn beyond(&self, position: u64) {
        // The sender is this very value, so it cannot be gone.
        let mut told = self.0.subscribe();
        let _number = told.wait_for(|last| *last > position).await;
    }
}
