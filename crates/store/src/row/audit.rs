//! The audit trail.

use super::{Columns, Row};
use crate::error::Fault;
use authmint_domain::model::{
    audit::{Actor, AuditEvent, AuditKind, Origin, RecordedEvent},
    challenge::ClientPrefix,
};

/// Reads a line's columns `number, at, kind, actor, origin, project_id, user_id, session_id, detail`.
pub(crate) fn read(row: &dyn Row) -> Result<RecordedEvent, Fault> {
    let number: u64 = Columns::only(row, "audit_events", "number")?;
    let mut columns = Columns::new(row, "audit_events", &number);
    columns.skip();
    let event = AuditEvent {
        at: columns.next("at")?,
        kind: columns.parsed("kind", AuditKind::from_text)?,
        origin: Origin {
            by: columns.parsed("actor", Actor::from_text)?,
            from: columns.next::<Option<String>>("origin")?.map(ClientPrefix::from_stored),
        },
        project_id: columns.next("project_id")?,
        user_id: columns.next("user_id")?,
        session_id: columns.next("session_id")?,
        detail: columns.next::<String>("detail")?.into(),
    };
    Ok(RecordedEvent { number, event })
}
