//! Sessions: loaded with their user by one look-up, changed by one guarded write.

use super::{audit, revocation};
use crate::{
    error::{Fault, conflict},
    row::Columns,
};
use authmint_domain::model::{
    audit::AuditEvent,
    challenge::ClientPrefix,
    revocation::Revocation,
    rotation::{LateBranch, ParentWinner, RotationState},
    session::{Decision, Device, EndReason, Ended, Session, SessionChange, SessionUser, SignIn},
};
use authmint_protocol::{
    id::{ProjectId, SessionId, UserId},
    time::Timestamp,
};
use rusqlite::{Connection, params};
use std::num::NonZeroU32;

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
    const UPDATE: &str = "UPDATE sessions SET generation = ?1, branches_issued = ?2, rotated_at = ?3,
            parent_winner = ?4, sibling_branch = ?5, late_branch = ?6, late_branch_at = ?7, idle_expires_at = ?8
        WHERE id = ?9 AND generation = ?10 AND branches_issued = ?11 AND ended_at IS NULL";
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
        "UPDATE sessions SET ended_at = ?1, end_reason = ?2 WHERE id = ?3 AND ended_at IS NULL";
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
    const INSERT: &str =
        "INSERT INTO sessions (id, project_id, user_id, method, amr, proven_at, user_agent, client,
            created_at, generation, branches_issued, rotated_at, parent_winner, sibling_branch, late_branch,
            late_branch_at, idle_expires_at, absolute_expires_at, ended_at, end_reason, opened_from, email)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";
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
        session.created_at.unix_millis(),
        rotation.generation,
        rotation.branches_issued,
        rotation.rotated_at.unix_millis(),
        winner(rotation.parent_winner),
        rotation.sibling_branch,
        rotation.late.map(|late| late.branch),
        rotation.late.map(|late| late.at.unix_millis()),
        session.idle_expires_at.unix_millis(),
        session.absolute_expires_at.unix_millis(),
        session.ended.map(|ended| ended.at.unix_millis()),
        session.ended.map(|ended| ended.reason.as_str()),
        session.opened_from.as_ref().map(ClientPrefix::as_str),
        session.user.email,
    ];
    tx.prepare_cached(INSERT)?.execute(values).map_err(conflict("a session of this ID"))?;
    Ok(())
}

/// Columns of a session and what belongs to it, as [`read`] takes them.
///
/// LEFT: a session whose project is missing is a broken row, and must not look like no session at all.
macro_rules! select_sessions {
    ($rest:literal) => {
        concat!(
            "SELECT s.project_id, s.user_id, s.method, s.amr, s.proven_at, s.user_agent, s.client,
                s.opened_from, s.created_at, s.generation, s.branches_issued, s.rotated_at, s.parent_winner,
                s.sibling_branch, s.late_branch, s.late_branch_at, s.idle_expires_at, s.absolute_expires_at,
                s.ended_at, s.end_reason, s.email, p.not_before",
            $rest
        )
    };
}

pub(super) fn load(db: &Connection, id: SessionId) -> Result<Option<Session>, Fault> {
    const SELECT: &str = select_sessions!(
        " FROM sessions s LEFT JOIN projects p ON p.id = s.project_id
        WHERE s.id = ?1"
    );
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query([id.as_bytes()])?;
    rows.next()?.map(|row| read(id, Columns::new(row, "sessions", &id))).transpose()
}

pub(super) fn of_user(
    db: &Connection,
    (project_id, user_id): (ProjectId, UserId),
    after: Option<(Timestamp, SessionId)>,
    limit: u32,
) -> Result<Vec<Session>, Fault> {
    const SELECT: &str = select_sessions!(
        ", s.id AS session_id FROM sessions s LEFT JOIN projects p ON p.id = s.project_id
        WHERE s.user_id = ?1 AND s.project_id = ?2 AND (?3 IS NULL OR (s.created_at, s.id) < (?3, ?4))
        ORDER BY s.created_at DESC, s.id DESC LIMIT ?5"
    );
    let (at, id) = match &after {
        Some((at, id)) => (Some(at.unix_millis()), Some(id.as_bytes())),
        None => (None, None),
    };
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![user_id.as_bytes(), project_id.as_bytes(), at, id, limit])?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        let id = SessionId::from_bytes(row.get("session_id")?);
        sessions.push(read(id, Columns::new(row, "sessions", &id))?);
    }
    Ok(sessions)
}

fn read(id: SessionId, mut columns: Columns<'_>) -> Result<Session, Fault> {
    let project_id = columns.next("project_id")?;
    let user_id: UserId = columns.next("user_id")?;
    let sign_in =
        SignIn { method: columns.next("method")?, amr: columns.next("amr")?, at: columns.next("proven_at")? };
    let device = Device { user_agent: columns.next("user_agent")?, client: columns.next("client")? };
    let opened_from = columns.next::<Option<String>>("opened_from")?.map(ClientPrefix::from_stored);
    let created_at = columns.next("created_at")?;
    let rotation = read_rotation(&mut columns)?;
    let idle_expires_at = columns.next("idle_expires_at")?;
    let absolute_expires_at = columns.next("absolute_expires_at")?;
    let ended =
        match (columns.next("ended_at")?, columns.optionally_parsed("end_reason", EndReason::from_text)?) {
            (Some(at), Some(reason)) => Some(Ended { at, reason }),
            (None, None) => None,
            _ => return Err(columns.broken("end_reason", "ended_at and end_reason contradict each other")),
        };
    let user = SessionUser { id: user_id, email: columns.next("email")? };
    let not_before = columns.next("not_before")?;
    Ok(Session {
        id,
        project_id,
        user,
        sign_in,
        device,
        opened_from,
        created_at,
        rotation,
        idle_expires_at,
        absolute_expires_at,
        ended,
        not_before,
    })
}

fn read_rotation(columns: &mut Columns<'_>) -> Result<RotationState, Fault> {
    let generation = columns.next::<NonZeroU32>("generation")?.get();
    let branches_issued = columns.next::<NonZeroU32>("branches_issued")?.get();
    let rotated_at = columns.next("rotated_at")?;
    let parent_winner =
        columns.next::<Option<u32>>("parent_winner")?.map_or(ParentWinner::Any, ParentWinner::Branch);
    let sibling_branch = columns.next("sibling_branch")?;
    let late = match (columns.next("late_branch")?, columns.next("late_branch_at")?) {
        (Some(branch), Some(at)) => Some(LateBranch { branch, at }),
        (None, None) => None,
        _ => {
            return Err(
                columns.broken("late_branch_at", "late_branch and late_branch_at contradict each other")
            );
        }
    };
    Ok(RotationState { generation, branches_issued, rotated_at, parent_winner, sibling_branch, late })
}

const fn winner(winner: ParentWinner) -> Option<u32> {
    match winner {
        ParentWinner::Branch(branch) => Some(branch),
        ParentWinner::Any => None,
    }
}
