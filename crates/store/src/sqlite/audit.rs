//! The audit trail: lines are added by whoever commits the change that they tell of.

use super::query;
use crate::{error::Fault, row::audit::read};
use authmint_domain::model::{
    audit::{AuditEvent, EventFilter, RecordedEvent},
    challenge::ClientPrefix,
};
use rusqlite::{Connection, params};

/// Adds a line.
pub(super) fn record(tx: &Connection, event: &AuditEvent) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO audit_events
            (at, kind, actor, origin, project_id, user_id, session_id, detail)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    tx.prepare_cached(INSERT)?.execute(params![
        event.at.unix_millis(),
        event.kind.as_str(),
        event.origin.by.to_string(),
        event.origin.from.as_ref().map(ClientPrefix::as_str),
        event.project_id.as_ref().map(|id| id.as_bytes()),
        event.user_id.as_ref().map(|id| id.as_bytes()),
        event.session_id.as_ref().map(|id| id.as_bytes()),
        event.detail,
    ])?;
    Ok(())
}

/// The newest lines that a filter lets through.
///
/// The two frequent questions, those of a project and those about a user, have an index each; a filter that lets little
/// through reads on until the page is full or the trail ends.
pub(super) fn newest(db: &Connection, filter: &EventFilter, limit: u32) -> Result<Vec<RecordedEvent>, Fault> {
    let mut conditions = Vec::new();
    let mut values: Vec<Box<dyn rusqlite::ToSql>> = Vec::new();
    let mut hold = |condition: &'static str, value: Box<dyn rusqlite::ToSql>| {
        values.push(value);
        conditions.push(format!("{condition} ?{}", values.len()));
    };
    if let Some(id) = filter.project_id {
        hold("project_id =", Box::new(*id.as_bytes()));
    }
    if let Some(id) = filter.user_id {
        hold("user_id =", Box::new(*id.as_bytes()));
    }
    if let Some(id) = filter.session_id {
        hold("session_id =", Box::new(*id.as_bytes()));
    }
    if let Some(kind) = filter.kind {
        hold("kind =", Box::new(kind.as_str()));
    }
    if let Some(since) = filter.since {
        hold("at >=", Box::new(since.unix_millis()));
    }
    if let Some(until) = filter.until {
        hold("at <", Box::new(until.unix_millis()));
    }
    if let Some(before) = filter.before_number {
        hold("number <", Box::new(i64::try_from(before).unwrap_or(i64::MAX)));
    }
    let conditions = if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") };
    let select = format!(
        "SELECT number, at, kind, actor, origin, project_id, user_id, session_id, detail FROM audit_events
        WHERE {conditions} ORDER BY number DESC LIMIT {limit}"
    );
    query::all(db, &select, rusqlite::params_from_iter(values), read)
}
