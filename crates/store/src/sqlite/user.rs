//! Users and the identities that prove them.

use super::{audit, query, revocation, session::exactly_one};
use crate::{
    error::{Fault, conflict},
    row::user::{identity, read, select_users, successor},
};
use authmint_domain::{
    model::{
        session::Ended,
        user::{Identity, Proof, User, UserChange, UserCursor, UserDecision, UserQuery},
    },
    port::Decide,
};
use authmint_protocol::id::{ProjectId, UserId};
use rusqlite::{Connection, params};

pub(super) fn load(db: &Connection, project_id: ProjectId, id: UserId) -> Result<Option<User>, Fault> {
    const SELECT: &str = select_users!("FROM users u WHERE u.id = ?1 AND u.project_id = ?2");
    query::one(db, SELECT, (id.as_bytes(), project_id.as_bytes()), read)
}

/// The user whom a proof names, if there is one.
pub(super) fn proven(tx: &Connection, project_id: ProjectId, proof: &Proof) -> Result<Option<User>, Fault> {
    const SELECT: &str = select_users!(
        "FROM identities i LEFT JOIN users u ON u.id = i.user_id
        WHERE i.project_id = ?1 AND i.method = ?2 AND i.subject = ?3"
    );
    query::one(tx, SELECT, (project_id.as_bytes(), &*proof.method, &proof.subject), read)
}

/// Makes the user of a proof, and the identity that will find it again.
pub(super) fn create(tx: &Connection, user: &User, proof: &Proof) -> Result<(), Fault> {
    const INSERT_USER: &str = "INSERT INTO users (id, project_id, email, created_at) VALUES (?1, ?2, ?3, ?4)";
    const INSERT_IDENTITY: &str =
        "INSERT INTO identities (project_id, method, subject, user_id) VALUES (?1, ?2, ?3, ?4)";
    tx.prepare_cached(INSERT_USER)?
        .execute(params![
            user.id.as_bytes(),
            user.project_id.as_bytes(),
            user.email,
            user.created_at.unix_millis()
        ])
        .map_err(conflict("a user of this ID"))?;
    tx.prepare_cached(INSERT_IDENTITY)?.execute(params![
        user.project_id.as_bytes(),
        proof.method,
        proof.subject,
        user.id.as_bytes()
    ])?;
    Ok(())
}

pub(super) fn list(db: &Connection, query: &UserQuery) -> Result<Vec<User>, Fault> {
    const ALL: &str = select_users!(
        "FROM users u WHERE u.project_id = ?1 AND (?2 IS NULL OR (u.created_at, u.id) < (?2, ?3))
        ORDER BY u.created_at DESC, u.id DESC LIMIT ?4"
    );
    const SEARCH: &str = select_users!(
        "FROM users u WHERE u.project_id = ?1 AND u.email >= ?2 AND u.email < ?3
            AND (?4 IS NULL OR (u.email, u.id) > (?4, ?5))
        ORDER BY u.email, u.id LIMIT ?6"
    );
    let project = query.project_id.as_bytes();
    match &query.address {
        None => {
            let (at, id) = match &query.after {
                Some(UserCursor::Age(at, id)) => (Some(at.unix_millis()), Some(id.as_bytes())),
                _ => (None, None),
            };
            query::all(db, ALL, params![project, at, id, query.limit], read)
        }
        Some(beginning) => {
            let Some(end) = successor(beginning) else { return Ok(Vec::new()) };
            let (email, id) = match &query.after {
                Some(UserCursor::Address(email, id)) => (Some(email), Some(id.as_bytes())),
                _ => (None, None),
            };
            query::all(db, SEARCH, params![project, beginning, end, email, id, query.limit], read)
        }
    }
}

pub(super) fn identities(db: &Connection, id: UserId) -> Result<Vec<Identity>, Fault> {
    const SELECT: &str = "SELECT method, subject FROM identities WHERE user_id = ?1 ORDER BY method, subject";
    query::all(db, SELECT, [id.as_bytes()], |row| identity(row, id))
}

/// Beside the answer stands the number of the entry in the revocation feed, if sessions ended.
pub(super) fn decide<A>(
    tx: &Connection,
    (project_id, id): (ProjectId, UserId),
    decide: &impl Decide<User, UserDecision<A>>,
) -> Result<(A, Option<u64>), Fault> {
    let found = load(tx, project_id, id)?;
    let decision = decide(found.as_ref());
    let entry = match (decision.change, &found) {
        (None, _) => None,
        (Some((change, event)), Some(user)) => {
            apply(tx, user, change)?;
            audit::record(tx, &event)?;
            change.revocation(user).map(|entry| revocation::record(tx, &entry)).transpose()?
        }
        (Some(_), None) => return Err(Fault::refused("a user who does not exist cannot be changed")),
    };
    Ok((decision.answer, entry))
}

fn apply(tx: &Connection, user: &User, change: UserChange) -> Result<(), Fault> {
    const SET: &str = "UPDATE users SET disabled_at = ?1 WHERE id = ?2";
    const FORGET: [&str; 4] = [
        "DELETE FROM one_time_secrets WHERE user_id = ?1",
        "DELETE FROM sessions WHERE user_id = ?1",
        "DELETE FROM identities WHERE user_id = ?1",
        "DELETE FROM users WHERE id = ?1",
    ];
    match change {
        UserChange::EndSessions(ended) => end_sessions(tx, user, ended),
        UserChange::Disable(at) => {
            change.ends().map(|ended| end_sessions(tx, user, ended)).transpose()?;
            exactly_one(tx.prepare_cached(SET)?.execute((at.unix_millis(), user.id.as_bytes()))?)
        }
        UserChange::Enable => {
            exactly_one(tx.prepare_cached(SET)?.execute((None::<i64>, user.id.as_bytes()))?)
        }
        UserChange::Delete(_) => {
            for forget in FORGET {
                tx.prepare_cached(forget)?.execute([user.id.as_bytes()])?;
            }
            Ok(())
        }
    }
}

fn end_sessions(tx: &Connection, user: &User, ended: Ended) -> Result<(), Fault> {
    const END: &str = "UPDATE session_states SET ended_at = ?1, end_reason = ?2
        WHERE session_id IN (SELECT id FROM sessions WHERE user_id = ?3) AND ended_at IS NULL";
    const VOID: &str = "DELETE FROM one_time_secrets WHERE user_id = ?1 AND used_at IS NULL";
    const NOTE: &str = "UPDATE users SET sessions_ended_at = ?1 WHERE id = ?2";
    let values = params![ended.at.unix_millis(), ended.reason.as_str(), user.id.as_bytes()];
    tx.prepare_cached(END)?.execute(values)?;
    tx.prepare_cached(VOID)?.execute([user.id.as_bytes()])?;
    exactly_one(tx.prepare_cached(NOTE)?.execute((ended.at.unix_millis(), user.id.as_bytes()))?)
}
