//! One-time secrets.

use super::{Columns, Row, user};
use crate::error::Fault;
use authmint_domain::model::{one_time_secret::OneTimeSecretRecord, session::SignIn};
use authmint_protocol::id::{OneTimeSecretId, UserId};

/// A `SELECT` of a secret with its user and project, as [`read`] takes it; behind it: which.
macro_rules! select_one_time_secrets {
    ($rest:literal) => {
        concat!(
            "SELECT o.project_id, o.user_id, o.method, o.amr, o.proven_at, o.expires_at, o.used_at,
                o.session_id, p.not_before, u.id, u.project_id, u.email, u.created_at, u.disabled_at,
                u.sessions_ended_at
            FROM one_time_secrets o LEFT JOIN users u ON u.id = o.user_id
                LEFT JOIN projects p ON p.id = o.project_id ",
            $rest
        )
    };
}
pub(crate) use select_one_time_secrets;

pub(crate) fn read(row: &dyn Row, id: OneTimeSecretId) -> Result<OneTimeSecretRecord, Fault> {
    let mut columns = Columns::new(row, "one_time_secrets", &id);
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
    let not_before = columns.next("not_before")?;
    let user = user::joined(columns.of("users", &user_id))?;
    Ok(OneTimeSecretRecord { id, project_id, user, sign_in, expires_at, used, not_before })
}
