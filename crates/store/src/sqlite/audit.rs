//! The audit trail: lines are added by whoever commits the change that they tell of.

use crate::{error::Fault, row::Columns};
use authmint_domain::model::audit::{AdminEvent, AuditEvent, AuditKind, RecordedEvent};
use authmint_protocol::id::ProjectId;
use rusqlite::{Connection, params};

/// Adds a line; its detail is a stable word.
pub(super) fn record(tx: &Connection, event: &AuditEvent) -> Result<(), Fault> {
    record_with(tx, event, event.detail)
}

/// Adds a line whose detail is known only from a row.
pub(super) fn record_with(tx: &Connection, event: &AuditEvent, detail: &str) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO audit_events (at, kind, project_id, user_id, session_id, detail)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.prepare_cached(INSERT)?.execute(params![
        event.at.unix_millis(),
        event.kind.as_str(),
        event.project_id.as_bytes(),
        event.user_id.as_ref().map(|id| id.as_bytes()),
        event.session_id.as_ref().map(|id| id.as_bytes()),
        detail,
    ])?;
    Ok(())
}

/// Adds a line about what an operator did.
pub(super) fn record_admin(tx: &Connection, event: &AdminEvent) -> Result<(), Fault> {
    let AdminEvent { at, kind, project_id, ref detail } = *event;
    let line = AuditEvent { at, kind, project_id, user_id: None, session_id: None, detail: "" };
    record_with(tx, &line, detail)
}

pub(super) fn newest(
    db: &Connection,
    project_id: ProjectId,
    limit: u32,
) -> Result<Vec<RecordedEvent>, Fault> {
    const SELECT: &str = "SELECT number, at, kind, user_id, session_id, detail FROM audit_events
        WHERE project_id = ?1 ORDER BY number DESC LIMIT ?2";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query((project_id.as_bytes(), limit))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let mut columns = Columns::new(row, "audit_events", &number);
        columns.skip();
        events.push(RecordedEvent {
            at: columns.next("at")?,
            kind: columns.parsed("kind", AuditKind::from_text)?,
            user_id: columns.next("user_id")?,
            session_id: columns.next("session_id")?,
            detail: columns.next("detail")?,
        });
    }
    Ok(events)
}
