//! Users and the identities that prove them.

use crate::{
    error::{Fault, conflict},
    row::Columns,
};
use authmint_domain::{model::user::User, port::Admission};
use authmint_protocol::id::{ProjectId, UserId};
use rusqlite::{Connection, params};

/// Reads a user's columns `id, project_id, email, created_at`.
pub(super) fn read(mut columns: Columns<'_>) -> Result<User, Fault> {
    Ok(User {
        id: columns.next("id")?,
        project_id: columns.next("project_id")?,
        email: columns.next("email")?,
        created_at: columns.next("created_at")?,
    })
}

pub(super) fn load(db: &Connection, project_id: ProjectId, id: UserId) -> Result<Option<User>, Fault> {
    const SELECT: &str =
        "SELECT id, project_id, email, created_at FROM users WHERE id = ?1 AND project_id = ?2";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query((id.as_bytes(), project_id.as_bytes()))?;
    rows.next()?.map(|row| read(Columns::new(row, "users", &id))).transpose()
}

/// The user whom a proof names, if there is one.
pub(super) fn proven(tx: &Connection, admission: &Admission) -> Result<Option<User>, Fault> {
    const SELECT: &str = "SELECT i.user_id, u.id, u.project_id, u.email, u.created_at
        FROM identities i LEFT JOIN users u ON u.id = i.user_id
        WHERE i.project_id = ?1 AND i.method = ?2 AND i.subject = ?3";
    let Admission { project_id, proof, .. } = admission;
    let mut statement = tx.prepare_cached(SELECT)?;
    let mut rows = statement.query((project_id.as_bytes(), proof.method, &proof.subject))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    // The subject may be an address, which no log should show.
    let place = format!("{project_id}/{}", proof.method);
    let mut columns = Columns::new(row, "identities", &place);
    let id: UserId = columns.next("user_id")?;
    read(columns.of("users", &id)).map(Some)
}

/// Makes the user of a proof, and the identity that will find it again.
pub(super) fn create(tx: &Connection, admission: &Admission, id: UserId) -> Result<User, Fault> {
    const INSERT_USER: &str = "INSERT INTO users (id, project_id, email, created_at) VALUES (?1, ?2, ?3, ?4)";
    const INSERT_IDENTITY: &str =
        "INSERT INTO identities (project_id, method, subject, user_id) VALUES (?1, ?2, ?3, ?4)";
    let Admission { project_id, proof, .. } = admission;
    let user = User { id, project_id: *project_id, email: proof.email.clone(), created_at: proof.at };
    tx.prepare_cached(INSERT_USER)?
        .execute(params![
            user.id.as_bytes(),
            user.project_id.as_bytes(),
            user.email,
            user.created_at.unix_millis()
        ])
        .map_err(conflict("a user of this ID"))?;
    tx.prepare_cached(INSERT_IDENTITY)?.execute(params![
        project_id.as_bytes(),
        proof.method,
        proof.subject,
        id.as_bytes()
    ])?;
    Ok(user)
}
