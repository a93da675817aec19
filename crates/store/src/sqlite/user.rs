//! Users and the identities that prove them.

use super::{audit, revocation, session::exactly_one};
use crate::{
    error::{Fault, conflict},
    row::Columns,
};
use authmint_domain::{
    model::{
        session::Ended,
        user::{Identity, Proof, User, UserChange, UserCursor, UserDecision, UserQuery},
    },
    port::Decide,
};
use authmint_protocol::id::{ProjectId, UserId};
use rusqlite::{Connection, Params, params};

/// Reads a user's columns `id, project_id, email, created_at, disabled_at, sessions_ended_at`.
pub(super) fn read(mut columns: Columns<'_>) -> Result<User, Fault> {
    Ok(User {
        id: columns.next("id")?,
        project_id: columns.next("project_id")?,
        email: columns.next("email")?,
        created_at: columns.next("created_at")?,
        disabled_at: columns.next("disabled_at")?,
        sessions_ended_at: columns.next("sessions_ended_at")?,
    })
}

pub(super) fn load(db: &Connection, project_id: ProjectId, id: UserId) -> Result<Option<User>, Fault> {
    const SELECT: &str = "SELECT id, project_id, email, created_at, disabled_at, sessions_ended_at FROM users WHERE id = ?1 AND project_id = ?2";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query((id.as_bytes(), project_id.as_bytes()))?;
    rows.next()?.map(|row| read(Columns::new(row, "users", &id))).transpose()
}

/// The user whom a proof names, if there is one.
pub(super) fn proven(tx: &Connection, project_id: ProjectId, proof: &Proof) -> Result<Option<User>, Fault> {
    const SELECT: &str = "SELECT i.user_id, u.id, u.project_id, u.email, u.created_at, u.disabled_at,
            u.sessions_ended_at FROM identities i LEFT JOIN users u ON u.id = i.user_id
        WHERE i.project_id = ?1 AND i.method = ?2 AND i.subject = ?3";
    let mut statement = tx.prepare_cached(SELECT)?;
    let mut rows = statement.query((project_id.as_bytes(), &*proof.method, &proof.subject))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    // The subject may be an address, which no log should show.
    let place = format!("{project_id}/{}", proof.method);
    let mut columns = Columns::new(row, "identities", &place);
    let id: UserId = columns.next("user_id")?;
    read(columns.of("users", &id)).map(Some)
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
    const ALL: &str = "SELECT id, project_id, email, created_at, disabled_at, sessions_ended_at FROM users
        WHERE project_id = ?1 AND (?2 IS NULL OR (created_at, id) < (?2, ?3))
        ORDER BY created_at DESC, id DESC LIMIT ?4";
    // The end of the range is the beginning with its last character raised: what begins alike lies between the two.
    const SEARCH: &str = "SELECT id, project_id, email, created_at, disabled_at, sessions_ended_at FROM users
        WHERE project_id = ?1 AND email >= ?2 AND email < ?3 AND (?4 IS NULL OR (email, id) > (?4, ?5))
        ORDER BY email, id LIMIT ?6";
    let project = query.project_id.as_bytes();
    match &query.address {
        None => {
            let (at, id) = match &query.after {
                Some(UserCursor::Age(at, id)) => (Some(at.unix_millis()), Some(id.as_bytes())),
                _ => (None, None),
            };
            select(db, ALL, params![project, at, id, query.limit])
        }
        Some(beginning) => {
            let Some(end) = successor(beginning) else { return Ok(Vec::new()) };
            let (email, id) = match &query.after {
                Some(UserCursor::Address(email, id)) => (Some(email), Some(id.as_bytes())),
                _ => (None, None),
            };
            select(db, SEARCH, params![project, beginning, end, email, id, query.limit])
        }
    }
}

/// The least text that is greater than every text with this beginning; none if there is no such text.
fn successor(beginning: &str) -> Option<String> {
    let mut end: Vec<char> = beginning.chars().collect();
    while let Some(last) = end.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            end.push(next);
            return Some(end.into_iter().collect());
        }
    }
    None
}

fn select(db: &Connection, sql: &str, values: impl Params) -> Result<Vec<User>, Fault> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        let place = format!("number {} of a list", users.len() + 1);
        users.push(read(Columns::new(row, "users", &place))?);
    }
    Ok(users)
}

pub(super) fn identities(db: &Connection, id: UserId) -> Result<Vec<Identity>, Fault> {
    const SELECT: &str = "SELECT method, subject FROM identities WHERE user_id = ?1 ORDER BY method, subject";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query([id.as_bytes()])?;
    let mut identities = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::new(row, "identities", &id);
        identities.push(Identity { method: columns.next("method")?, subject: columns.next("subject")? });
    }
    Ok(identities)
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
    const END: &str =
        "UPDATE sessions SET ended_at = ?1, end_reason = ?2 WHERE user_id = ?3 AND ended_at IS NULL";
    const VOID: &str = "DELETE FROM one_time_secrets WHERE user_id = ?1 AND used_at IS NULL";
    const NOTE: &str = "UPDATE users SET sessions_ended_at = ?1 WHERE id = ?2";
    let values = params![ended.at.unix_millis(), ended.reason.as_str(), user.id.as_bytes()];
    tx.prepare_cached(END)?.execute(values)?;
    tx.prepare_cached(VOID)?.execute([user.id.as_bytes()])?;
    exactly_one(tx.prepare_cached(NOTE)?.execute((ended.at.unix_millis(), user.id.as_bytes()))?)
}

#[cfg(test)]
mod tests {
    use super::successor;

    #[test]
    fn what_begins_alike_lies_before_the_successor() {
        for (beginning, end) in [("a", "b"), ("az", "a{"), ("a\u{d7ff}", "a\u{e000}"), ("a\u{10ffff}", "b")] {
            assert_eq!(successor(beginning).as_deref(), Some(end));
        }
        assert_eq!(successor(""), None);
        assert_eq!(successor("\u{10ffff}"), None);
    }
}
