//! One-time secrets: issued to a proven identity, traded once for a session.

use super::{audit, session, user};
use crate::{
    error::{Fault, conflict},
    row::Columns,
};
use authmint_domain::{
    model::{
        audit::{AuditEvent, AuditKind},
        one_time_secret::{ExchangeDecision, ExchangeRefused, OneTimeSecretRecord},
        session::{Session, SignIn},
        user::User,
    },
    port::Admission,
};
use authmint_protocol::{
    id::{OneTimeSecretId, SessionId, UserId},
    time::Timestamp,
};
use rusqlite::{Connection, params};

/// Finds or creates the user, issues the secret, audits both.
pub(super) fn admit(tx: &Connection, admission: &Admission) -> Result<Option<User>, Fault> {
    const INSERT: &str =
        "INSERT INTO one_time_secrets (id, project_id, user_id, method, amr, proven_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let proof = &admission.proof;
    let event = |kind, user: &User| AuditEvent {
        at: proof.at,
        kind,
        project_id: admission.project_id,
        user_id: Some(user.id),
        session_id: None,
        detail: proof.method,
    };
    let user = match (user::proven(tx, admission)?, admission.create) {
        (Some(user), _) => user,
        (None, None) => return Ok(None),
        (None, Some(id)) => {
            let user = user::create(tx, admission, id)?;
            audit::record(tx, &event(AuditKind::UserCreated, &user))?;
            user
        }
    };
    let values = params![
        admission.secret_id.as_bytes(),
        admission.project_id.as_bytes(),
        user.id.as_bytes(),
        proof.method,
        proof.amr,
        proof.at.unix_millis(),
        admission.secret_expires_at.unix_millis(),
    ];
    tx.prepare_cached(INSERT)?.execute(values).map_err(conflict("a one-time secret of this ID"))?;
    audit::record(tx, &event(AuditKind::SignedIn, &user))?;
    Ok(Some(user))
}

/// Decides a trade, and opens the session or audits the second use.
pub(super) fn exchange(
    tx: &Connection,
    id: OneTimeSecretId,
    now: Timestamp,
    decide: &impl Fn(&OneTimeSecretRecord, Option<&Session>) -> ExchangeDecision,
) -> Result<Option<ExchangeDecision>, Fault> {
    let Some(record) = load(tx, id)? else { return Ok(None) };
    let opened = match record.used {
        Some((_, session_id)) => session::load(tx, session_id)?,
        None => None,
    };
    let decision = decide(&record, opened.as_ref());
    match &decision {
        ExchangeDecision::Open(session) => open(tx, &record, session, now)?,
        ExchangeDecision::Refuse(ExchangeRefused::Used) => {
            audit_trade(tx, AuditKind::OneTimeSecretReused, &record, record.used.map(|(_, id)| id), now)?;
        }
        ExchangeDecision::Refuse(_) | ExchangeDecision::Repeat(_) => {}
    }
    Ok(Some(decision))
}

fn open(
    tx: &Connection,
    record: &OneTimeSecretRecord,
    session: &Session,
    now: Timestamp,
) -> Result<(), Fault> {
    const USE: &str =
        "UPDATE one_time_secrets SET used_at = ?1, session_id = ?2 WHERE id = ?3 AND used_at IS NULL";
    session::insert(tx, session)?;
    let written = tx.prepare_cached(USE)?.execute(params![
        now.unix_millis(),
        session.id.as_bytes(),
        record.id.as_bytes(),
    ])?;
    session::exactly_one(written)?;
    audit_trade(tx, AuditKind::SessionOpened, record, Some(session.id), now)
}

fn audit_trade(
    tx: &Connection,
    kind: AuditKind,
    record: &OneTimeSecretRecord,
    session_id: Option<SessionId>,
    at: Timestamp,
) -> Result<(), Fault> {
    let event = AuditEvent {
        at,
        kind,
        project_id: record.project_id,
        user_id: Some(record.user.id),
        session_id,
        detail: "",
    };
    audit::record_with(tx, &event, &record.sign_in.method)
}

fn load(tx: &Connection, id: OneTimeSecretId) -> Result<Option<OneTimeSecretRecord>, Fault> {
    const SELECT: &str =
        "SELECT o.project_id, o.user_id, o.method, o.amr, o.proven_at, o.expires_at, o.used_at,
            o.session_id, u.id, u.project_id, u.email, u.created_at
        FROM one_time_secrets o LEFT JOIN users u ON u.id = o.user_id WHERE o.id = ?1";
    let mut statement = tx.prepare_cached(SELECT)?;
    let mut rows = statement.query([id.as_bytes()])?;
    rows.next()?.map(|row| read(id, Columns::new(row, "one_time_secrets", &id))).transpose()
}

fn read(id: OneTimeSecretId, mut columns: Columns<'_>) -> Result<OneTimeSecretRecord, Fault> {
    let project_id = columns.next("project_id")?;
    let user_id: UserId = columns.next("user_id")?;
    let sign_in =
        SignIn { method: columns.next("method")?, amr: columns.next("amr")?, at: columns.next("proven_at")? };
    let expires_at = columns.next("expires_at")?;
    let used = match (columns.next("used_at")?, columns.next("session_id")?) {
        (Some(at), Some(session_id)) => Some((at, session_id)),
        (None, None) => None,
        _ => return Err(columns.broken("session_id", "used_at and session_id contradict each other")),
    };
    let user = user::read(columns.of("users", &user_id))?;
    Ok(OneTimeSecretRecord { id, project_id, user, sign_in, expires_at, used })
}
