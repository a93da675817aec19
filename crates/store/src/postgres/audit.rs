//! The audit trail: lines are added by whoever commits the change that they tell of.

use super::{database::Database, query::Key, transaction::Tx};
use crate::{
    error::Fault,
    row::{audit::read, signed},
};
use authmint_domain::{
    model::{
        audit::{AuditEvent, EventFilter, RecordedEvent},
        challenge::ClientPrefix,
    },
    port::StoreError,
};
use tokio_postgres::types::ToSql;

/// Adds a line.
pub(super) async fn record(tx: &Tx<'_>, event: &AuditEvent) -> Result<(), Fault> {
    record_all(tx, std::slice::from_ref(event)).await
}

/// Adds lines, in one statement.
pub(super) async fn record_all(tx: &Tx<'_>, events: &[AuditEvent]) -> Result<(), Fault> {
    const INSERT: &str =
        "INSERT INTO audit_events (number, at, kind, actor, origin, project_id, user_id, session_id, detail)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::uuid[],
            $7::uuid[], $8::uuid[], $9::text[])";
    if events.is_empty() {
        return Ok(());
    }
    let of = |column: fn(&AuditEvent) -> Option<uuid::Uuid>| events.iter().map(column).collect::<Vec<_>>();
    let numbers: Vec<i64> = events.iter().map(|event| tx.database.audit_number(event.at)).collect();
    let times: Vec<i64> = events.iter().map(|event| event.at.unix_millis()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    let actors: Vec<String> = events.iter().map(|event| event.origin.by.to_string()).collect();
    let origins: Vec<Option<&str>> =
        events.iter().map(|event| event.origin.from.as_ref().map(ClientPrefix::as_str)).collect();
    let projects = of(|event| event.project_id.map(|id| id.key()));
    let users = of(|event| event.user_id.map(|id| id.key()));
    let sessions = of(|event| event.session_id.map(|id| id.key()));
    let details: Vec<&str> = events.iter().map(|event| &*event.detail).collect();
    tx.execute(
        INSERT,
        &[&numbers, &times, &kinds, &actors, &origins, &projects, &users, &sessions, &details],
    )
    .await?;
    Ok(())
}

/// The newest lines that a filter lets through.
///
/// The two frequent questions, those of a project and those about a user, have an index each; a filter that lets little
/// through reads on until the page is full or the trail ends.
pub(super) async fn newest(
    database: &Database,
    filter: &EventFilter,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let mut conditions = Vec::new();
    let mut values: Vec<Box<dyn ToSql + Sync + Send>> = Vec::new();
    let mut hold = |condition: &'static str, value: Box<dyn ToSql + Sync + Send>| {
        values.push(value);
        conditions.push(format!("{condition} ${}", values.len()));
    };
    if let Some(id) = filter.project_id {
        hold("project_id =", Box::new(id.key()));
    }
    if let Some(id) = filter.user_id {
        hold("user_id =", Box::new(id.key()));
    }
    if let Some(id) = filter.session_id {
        hold("session_id =", Box::new(id.key()));
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
        hold("number <", Box::new(signed(before)));
    }
    let conditions = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
    let limit = i64::from(limit);
    let select = format!(
        "SELECT number, at, kind, actor, origin, project_id, user_id, session_id, detail FROM audit_events
        WHERE {conditions} ORDER BY number DESC LIMIT ${}",
        values.len() + 1
    );
    let mut bound: Vec<&(dyn ToSql + Sync)> = Vec::new();
    for value in &values {
        bound.push(&**value);
    }
    bound.push(&limit);
    database.all(&select, &bound, read).await
}
