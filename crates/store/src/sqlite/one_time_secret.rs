//! One-time secrets: issued to a proven identity, traded once for a session.

use super::{audit, query, session, user};
use crate::{
    error::{Fault, conflict},
    row::one_time_secret::{read, select_one_time_secrets},
};
use authmint_domain::{
    model::{
        audit::{AuditEvent, AuditKind, Origin},
        one_time_secret::{ExchangeDecision, ExchangeRefused, OneTimeSecretRecord},
        session::Session,
        user::User,
    },
    port::{Admission, Admitted},
};
use authmint_protocol::{id::OneTimeSecretId, time::Timestamp};
use rusqlite::{Connection, params};

/// Finds or creates the user, issues the secret, audits both.
pub(super) fn admit(tx: &Connection, admission: &Admission) -> Result<Admitted, Fault> {
    const INSERT: &str =
        "INSERT INTO one_time_secrets (id, project_id, user_id, method, amr, proven_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let proof = &admission.proof;
    let event = |kind, user: &User| {
        AuditEvent::new(admission.at, kind, Some(admission.project_id), admission.origin.clone())
            .of_user(user.id)
    };
    let user = match (user::proven(tx, admission.project_id, proof)?, admission.create) {
        (Some(user), _) => user,
        (None, None) => return Ok(Admitted::Unknown),
        (None, Some(id)) => {
            let user = User::new(id, admission.project_id, proof.email.clone(), admission.at);
            user::create(tx, &user, proof)?;
            audit::record(tx, &event(AuditKind::UserCreated, &user).saying(proof.method.clone()))?;
            user
        }
    };
    if let Err(disabled) = user.may_sign_in() {
        let refused = event(AuditKind::SignInFailed, &user).saying(disabled.code().as_str());
        audit::record(tx, &refused)?;
        return Ok(Admitted::Disabled(disabled));
    }
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
    audit::record(tx, &event(AuditKind::SignedIn, &user).saying(proof.method.clone()))?;
    Ok(Admitted::In(user))
}

/// Decides a trade, and opens the session or audits the second use.
pub(super) fn exchange(
    tx: &Connection,
    id: OneTimeSecretId,
    (now, origin): (Timestamp, &Origin),
    decide: &impl Fn(&OneTimeSecretRecord, Option<&Session>) -> ExchangeDecision,
) -> Result<Option<ExchangeDecision>, Fault> {
    let Some(record) = load(tx, id)? else { return Ok(None) };
    let opened = match record.used {
        Some((_, session_id)) => session::load(tx, session_id)?,
        None => None,
    };
    let decision = decide(&record, opened.as_ref());
    let line = |kind, session_id| AuditEvent {
        session_id,
        ..AuditEvent::new(now, kind, Some(record.project_id), origin.clone())
            .of_user(record.user.id)
            .saying(record.sign_in.method.clone())
    };
    match &decision {
        ExchangeDecision::Open(session) => {
            open(tx, &record, session, now)?;
            audit::record(tx, &line(AuditKind::SessionOpened, Some(session.id)))?;
        }
        ExchangeDecision::Refuse(ExchangeRefused::Used) => {
            audit::record(tx, &line(AuditKind::OneTimeSecretReused, record.used.map(|(_, id)| id)))?;
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
    session::exactly_one(written)
}

fn load(tx: &Connection, id: OneTimeSecretId) -> Result<Option<OneTimeSecretRecord>, Fault> {
    query::one(tx, select_one_time_secrets!("WHERE o.id = ?1"), [id.as_bytes()], |row| read(row, id))
}
