//! Users, and the identities that prove them.

use super::{Columns, Row};
use crate::error::Fault;
use authmint_domain::model::user::{Identity, User};
use authmint_protocol::id::UserId;

/// A user's columns `u`, as [`joined`] takes them; behind them: from where.
macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.project_id, u.email, u.created_at, u.disabled_at, u.sessions_ended_at ",
            $rest
        )
    };
}
pub(crate) use select_users;

/// Reads a row of [`select_users`].
pub(crate) fn read(row: &dyn Row) -> Result<User, Fault> {
    let id: UserId = Columns::only(row, "users", "id")?;
    joined(Columns::new(row, "users", &id))
}

/// Reads a user's columns where they follow those of another table.
pub(crate) fn joined(mut columns: Columns<'_>) -> Result<User, Fault> {
    Ok(User {
        id: columns.next("id")?,
        project_id: columns.next("project_id")?,
        email: columns.next("email")?,
        created_at: columns.next("created_at")?,
        disabled_at: columns.next("disabled_at")?,
        sessions_ended_at: columns.next("sessions_ended_at")?,
    })
}

/// Reads an identity's columns `method, subject`.
pub(crate) fn identity(row: &dyn Row, user: UserId) -> Result<Identity, Fault> {
    let mut columns = Columns::new(row, "identities", &user);
    Ok(Identity { method: columns.next("method")?, subject: columns.next("subject")? })
}

/// The least text that is greater than every text with this beginning; none if there is no such text.
///
/// What begins alike lies between the beginning and this, in a database that compares texts byte by byte.
pub(crate) fn successor(beginning: &str) -> Option<String> {
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
