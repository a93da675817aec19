//! Users and the identities that prove them.

use super::{audit, database::Database, query::Key, revocation, session::exactly_one, transaction::Tx};
use crate::{
    error::{Fault, taken},
    row::user::{identity, read, select_users, successor},
};
use authmint_domain::{
    model::{
        session::Ended,
        user::{Identity, Proof, User, UserChange, UserCursor, UserDecision, UserQuery},
    },
    port::{Decide, StoreError},
};
use authmint_protocol::id::{ProjectId, UserId};
use uuid::Uuid;

pub(super) async fn load(
    database: &Database,
    project_id: ProjectId,
    id: UserId,
) -> Result<Option<User>, StoreError> {
    const SELECT: &str = select_users!("FROM users u WHERE u.id = $1 AND u.project_id = $2");
    database.one(SELECT, &[&id.key(), &project_id.key()], read).await
}

/// The user whom a proof names, if there is one; until the transaction ends, nobody ends their sessions or deletes them.
pub(super) async fn proven(tx: &Tx<'_>, project_id: ProjectId, proof: &Proof) -> Result<Option<User>, Fault> {
    const SELECT: &str = select_users!(
        "FROM identities i JOIN users u ON u.id = i.user_id
        WHERE i.project_id = $1 AND i.method = $2 AND i.subject = $3 FOR SHARE OF u"
    );
    tx.one(SELECT, &[&project_id.key(), &&*proof.method, &proof.subject], read).await
}

/// Holds a user as [`proven`] does.
pub(super) async fn hold(tx: &Tx<'_>, id: UserId) -> Result<(), Fault> {
    tx.one("SELECT id FROM users WHERE id = $1 FOR SHARE", &[&id.key()], |_| Ok(())).await.map(drop)
}

/// Makes the user of a proof, and the identity that will find it again.
pub(super) async fn create(tx: &Tx<'_>, user: &User, proof: &Proof) -> Result<(), Fault> {
    const INSERT_USER: &str = "INSERT INTO users (id, project_id, email, created_at) VALUES ($1, $2, $3, $4)";
    const INSERT_IDENTITY: &str =
        "INSERT INTO identities (project_id, method, subject, user_id) VALUES ($1, $2, $3, $4)";
    let (id, project_id) = (user.id.key(), user.project_id.key());
    tx.execute(INSERT_USER, &[&id, &project_id, &user.email, &user.created_at.unix_millis()])
        .await
        .map_err(taken("a user of this ID"))?;
    tx.execute(INSERT_IDENTITY, &[&project_id, &&*proof.method, &proof.subject, &id]).await?;
    Ok(())
}

pub(super) async fn list(database: &Database, query: &UserQuery) -> Result<Vec<User>, StoreError> {
    const ALL: &str = select_users!(
        "FROM users u WHERE u.project_id = $1 AND (u.created_at, u.id) < ($2, $3)
        ORDER BY u.created_at DESC, u.id DESC LIMIT $4"
    );
    const SEARCH: &str = select_users!(
        "FROM users u WHERE u.project_id = $1 AND u.email >= $2 AND u.email < $3 AND (u.email, u.id) > ($4, $5)
        ORDER BY u.email, u.id LIMIT $6"
    );
    let (project, limit) = (query.project_id.key(), i64::from(query.limit));
    match &query.address {
        None => {
            let (at, id) = match &query.after {
                Some(UserCursor::Age(at, id)) => (at.unix_millis(), id.key()),
                _ => (i64::MAX, Uuid::max()),
            };
            database.all(ALL, &[&project, &at, &id, &limit], read).await
        }
        Some(beginning) => {
            let Some(end) = successor(beginning) else { return Ok(Vec::new()) };
            let (email, id) = match &query.after {
                Some(UserCursor::Address(email, id)) => (email.as_str(), id.key()),
                _ => ("", Uuid::nil()),
            };
            // No text of PostgreSQL's holds a NUL, and no address does; it would refuse the question as a fault.
            if beginning.contains('\0') || email.contains('\0') {
                return Ok(Vec::new());
            }
            database.all(SEARCH, &[&project, beginning, &end, &email, &id, &limit], read).await
        }
    }
}

pub(super) async fn identities(database: &Database, id: UserId) -> Result<Vec<Identity>, StoreError> {
    const SELECT: &str = "SELECT method, subject FROM identities WHERE user_id = $1 ORDER BY method, subject";
    database.all(SELECT, &[&id.key()], |row| identity(row, id)).await
}

/// Beside the answer stands the number of the entry in the revocation feed, if sessions ended.
pub(super) async fn decide<A>(
    tx: &Tx<'_>,
    (project_id, id): (ProjectId, UserId),
    decide: &impl Decide<User, UserDecision<A>>,
) -> Result<(A, Option<u64>), Fault> {
    const LOCK: &str = select_users!("FROM users u WHERE u.id = $1 AND u.project_id = $2 FOR UPDATE");
    let found = tx.one(LOCK, &[&id.key(), &project_id.key()], read).await?;
    let decision = decide(found.as_ref());
    let entry = match (decision.change, &found) {
        (None, _) => None,
        (Some((change, event)), Some(user)) => {
            apply(tx, user, change).await?;
            audit::record(tx, &event).await?;
            match change.revocation(user) {
                Some(entry) => revocation::record(tx, &entry).await?,
                None => None,
            }
        }
        (Some(_), None) => return Err(Fault::refused("a user who does not exist cannot be changed")),
    };
    Ok((decision.answer, entry))
}

async fn apply(tx: &Tx<'_>, user: &User, change: UserChange) -> Result<(), Fault> {
    const SET: &str = "UPDATE users SET disabled_at = $1 WHERE id = $2";
    const FORGET: [&str; 4] = [
        "DELETE FROM one_time_secrets WHERE user_id = $1",
        "DELETE FROM sessions WHERE user_id = $1",
        "DELETE FROM identities WHERE user_id = $1",
        "DELETE FROM users WHERE id = $1",
    ];
    let id = user.id.key();
    match change {
        UserChange::EndSessions(ended) => end_sessions(tx, id, ended).await,
        UserChange::Disable(at) => {
            if let Some(ended) = change.ends() {
                end_sessions(tx, id, ended).await?;
            }
            exactly_one(tx.execute(SET, &[&Some(at.unix_millis()), &id]).await?)
        }
        UserChange::Enable => exactly_one(tx.execute(SET, &[&None::<i64>, &id]).await?),
        UserChange::Delete(_) => {
            for forget in FORGET {
                tx.execute(forget, &[&id]).await?;
            }
            Ok(())
        }
    }
}

async fn end_sessions(tx: &Tx<'_>, user: Uuid, ended: Ended) -> Result<(), Fault> {
    // Locked in the order in which refreshes lock.
    const LOCK: &str = "SELECT t.session_id FROM session_states t JOIN sessions s ON s.id = t.session_id
        WHERE s.user_id = $1 ORDER BY t.session_id FOR UPDATE OF t";
    const END: &str = "UPDATE session_states SET ended_at = $1, end_reason = $2
        WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $3) AND ended_at IS NULL";
    const VOID: &str = "DELETE FROM one_time_secrets WHERE user_id = $1 AND used_at IS NULL";
    const NOTE: &str = "UPDATE users SET sessions_ended_at = $1 WHERE id = $2";
    let at = ended.at.unix_millis();
    tx.all(LOCK, &[&user], |_| Ok(())).await?;
    tx.execute(END, &[&at, &ended.reason.as_str(), &user]).await?;
    tx.execute(VOID, &[&user]).await?;
    exactly_one(tx.execute(NOTE, &[&at, &user]).await?)
}
