//! Sessions: loaded by one look-up, changed by one guarded write of their state.

use super::{audit, query, revocation};
use crate::{
    error::{Fault, conflict},
    row::session::{read, select_sessions, winner},
};
use authmint_domain::model::{
    audit::AuditEvent,
    challenge::ClientPrefix,
    revocation::Revocation,
    rotation::RotationState,
    session::{Decision, Ended, Session, SessionChange},
};
use authmint_protocol::{
    id::{ProjectId, SessionId, UserId},
    time::Timestamp,
};
use rusqlite::{Connection, params};

/// Loads, decides, applies: the one path on which a session changes. Beside the answer stands the number of the entry
/// in the revocation feed, if the session ended.
pub(super) fn decide<A>(
    tx: &Connection,
    id: SessionId,
    decide: &impl Fn(Option<&Session>) -> Decision<A>,
) -> Result<(A, Option<u64>), Fault> {
    let session = load(tx, id)?;
    let Decision { change, answer } = decide(session.as_ref());
    let entry = match (change, &session) {
        (SessionChange::None, _) => None,
        (SessionChange::Rotated { rotation, idle_expires_at }, Some(session)) => {
            rotate(tx, session, &rotation, idle_expires_at)?;
            None
        }
        (SessionChange::End(ended, event), Some(session)) => Some(end(tx, session, ended, &event)?),
        (_, None) => return Err(Fault::refused("a session that does not exist cannot be changed")),
    };
    Ok((answer, entry))
}

fn rotate(
    tx: &Connection,
    session: &Session,
    next: &RotationState,
    idle_expires_at: Timestamp,
) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE session_states SET generation = ?1, branches_issued = ?2, rotated_at = ?3,
            parent_winner = ?4, sibling_branch = ?5, late_branch = ?6, late_branch_at = ?7, idle_expires_at = ?8
        WHERE session_id = ?9 AND generation = ?10 AND branches_issued = ?11 AND ended_at IS NULL";
    let written = tx.prepare_cached(UPDATE)?.execute(params![
        next.generation,
        next.branches_issued,
        next.rotated_at.unix_millis(),
        winner(next.parent_winner),
        next.sibling_branch,
        next.late.map(|late| late.branch),
        next.late.map(|late| late.at.unix_millis()),
        idle_expires_at.unix_millis(),
        session.id.as_bytes(),
        session.rotation.generation,
        session.rotation.branches_issued,
    ])?;
    exactly_one(written)
}

fn end(tx: &Connection, session: &Session, ended: Ended, event: &AuditEvent) -> Result<u64, Fault> {
    const UPDATE: &str =
        "UPDATE session_states SET ended_at = ?1, end_reason = ?2 WHERE session_id = ?3 AND ended_at IS NULL";
    let written = tx.prepare_cached(UPDATE)?.execute(params![
        ended.at.unix_millis(),
        ended.reason.as_str(),
        session.id.as_bytes(),
    ])?;
    exactly_one(written)?;
    audit::record(tx, event)?;
    revocation::record(tx, &Revocation::of_session(session, ended))
}

/// The last line of defence: what a decision was based on is what it changes, or nothing is acknowledged.
pub(super) fn exactly_one(written: usize) -> Result<(), Fault> {
    if written == 1 { Ok(()) } else { Err(Fault::refused("the row is not as it was read")) }
}

pub(super) fn insert(tx: &Connection, session: &Session) -> Result<(), Fault> {
    const SESSION: &str =
        "INSERT INTO sessions (id, project_id, user_id, method, amr, proven_at, user_agent, client,
            opened_from, created_at, absolute_expires_at, email)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    const STATE: &str =
        "INSERT INTO session_states (session_id, generation, branches_issued, rotated_at, parent_winner, sibling_branch,
            late_branch, late_branch_at, idle_expires_at, ended_at, end_reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let Session { sign_in, device, rotation, .. } = session;
    let values = params![
        session.id.as_bytes(),
        session.project_id.as_bytes(),
        session.user.id.as_bytes(),
        sign_in.method,
        sign_in.amr,
        sign_in.at.unix_millis(),
        device.user_agent,
        device.client,
        session.opened_from.as_ref().map(ClientPrefix::as_str),
        session.created_at.unix_millis(),
        session.absolute_expires_at.unix_millis(),
        session.user.email,
    ];
    tx.prepare_cached(SESSION)?.execute(values).map_err(conflict("a session of this ID"))?;
    tx.prepare_cached(STATE)?.execute(params![
        session.id.as_bytes(),
        rotation.generation,
        rotation.branches_issued,
        rotation.rotated_at.unix_millis(),
        winner(rotation.parent_winner),
        rotation.sibling_branch,
        rotation.late.map(|late| late.branch),
        rotation.late.map(|late| late.at.unix_millis()),
        session.idle_expires_at.unix_millis(),
        session.ended.map(|ended| ended.at.unix_millis()),
        session.ended.map(|ended| ended.reason.as_str()),
    ])?;
    Ok(())
}

/// LEFT: a session without state or project is a broken row, and must not look like no session at all.
pub(super) fn load(db: &Connection, id: SessionId) -> Result<Option<Session>, Fault> {
    query::one(db, select_sessions!("LEFT JOIN", "WHERE s.id = ?1"), [id.as_bytes()], read)
}

pub(super) fn of_user(
    db: &Connection,
    (project_id, user_id): (ProjectId, UserId),
    after: Option<(Timestamp, SessionId)>,
    limit: u32,
) -> Result<Vec<Session>, Fault> {
    const SELECT: &str = select_sessions!(
        "LEFT JOIN",
        "WHERE s.user_id = ?1 AND s.project_id = ?2 AND (?3 IS NULL OR (s.created_at, s.id) < (?3, ?4))
        ORDER BY s.created_at DESC, s.id DESC LIMIT ?5"
    );
    let (at, id) = match &after {
        Some((at, id)) => (Some(at.unix_millis()), Some(id.as_bytes())),
        None => (None, None),
    };
    query::all(db, SELECT, params![user_id.as_bytes(), project_id.as_bytes(), at, id, limit], read)
}
