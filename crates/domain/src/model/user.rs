//! Users and the identities that prove them.

use super::{
    audit::AuditEvent,
    revocation::Revocation,
    session::{EndReason, Ended},
};
use authmint_protocol::{
    ErrorCode,
    id::{ProjectId, UserId},
    time::Timestamp,
    wire,
};
use std::borrow::Cow;

/// A person in one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The stable ID.
    pub id: UserId,
    /// The project.
    pub project_id: ProjectId,
    /// The verified address, if the user has one.
    pub email: Option<String>,
    /// When the user first signed in.
    pub created_at: Timestamp,
    /// When an operator disabled the user, if one did: nothing of theirs is answered until enabled again.
    pub disabled_at: Option<Timestamp>,
    /// When all of the user's sessions were last ended at once: what was proven before then is proven no more.
    pub sessions_ended_at: Option<Timestamp>,
}

/// The user was disabled by an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this user was disabled; ask the people who run the app")]
pub struct UserDisabled;

impl UserDisabled {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        ErrorCode::UserDisabled
    }
}

impl User {
    /// One who signs in for the first time.
    #[must_use]
    pub const fn new(id: UserId, project_id: ProjectId, email: Option<String>, now: Timestamp) -> Self {
        Self { id, project_id, email, created_at: now, disabled_at: None, sessions_ended_at: None }
    }

    /// The user as clients see one.
    #[must_use]
    pub fn to_wire(&self) -> wire::user::User {
        wire::user::User { id: self.id.to_string(), email: self.email.clone(), phone_number: None }
    }

    /// The user after a change.
    #[must_use]
    pub fn after(&self, change: UserChange) -> Self {
        let disabled_at = match change {
            UserChange::Disable(at) => Some(at),
            UserChange::Enable => None,
            UserChange::EndSessions(_) | UserChange::Delete(_) => self.disabled_at,
        };
        let sessions_ended_at = change.ends().map(|ended| ended.at).or(self.sessions_ended_at);
        Self { disabled_at, sessions_ended_at, ..self.clone() }
    }

    /// Whether the user may sign in.
    ///
    /// # Errors
    /// [`UserDisabled`] if an operator said no.
    pub const fn may_sign_in(&self) -> Result<(), UserDisabled> {
        match self.disabled_at {
            None => Ok(()),
            Some(_) => Err(UserDisabled),
        }
    }
}

/// What a decision changes of a user. What ends all sessions voids one-time secrets that wait to be traded, too: each
/// would open a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserChange {
    /// All sessions end.
    EndSessions(Ended),
    /// All sessions end, and the user may not sign in.
    Disable(Timestamp),
    /// The user may sign in again.
    Enable,
    /// The user is forgotten, with identities, sessions and address; the audit trail keeps the ID.
    Delete(Timestamp),
}

impl UserChange {
    /// How the sessions end, if they do.
    #[must_use]
    pub const fn ends(self) -> Option<Ended> {
        match self {
            Self::EndSessions(ended) => Some(ended),
            Self::Disable(at) => Some(Ended { at, reason: EndReason::Disabled }),
            Self::Delete(at) => Some(Ended { at, reason: EndReason::Deleted }),
            Self::Enable => None,
        }
    }

    /// The entry in the revocation feed, if sessions end.
    #[must_use]
    pub fn revocation(self, user: &User) -> Option<Revocation> {
        self.ends().map(|ended| Revocation::of_user(user, ended))
    }
}

/// What a decision over a user hands to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDecision<A> {
    /// What is committed, with its line in the audit trail; nothing if the user is as wanted already.
    pub change: Option<(UserChange, AuditEvent)>,
    /// What is answered.
    pub answer: A,
}

/// One proven way to be a user: what a finished sign-in method hands on.
///
/// Identities are keyed by method and subject, never by a look-alike such as an address that a provider mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The sign-in method, such as `email`.
    pub method: Cow<'static, str>,
    /// Who was proven, in the method's canonical form.
    pub subject: String,
    /// The address, where the method proved one.
    pub email: Option<String>,
    /// How it was proven, for the `amr` claim (RFC 8176); several values stand between spaces.
    pub amr: Cow<'static, str>,
    /// When it was proven, for the `auth_time` claim.
    pub at: Timestamp,
}

/// An identity as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The sign-in method.
    pub method: String,
    /// Who was proven, in the method's canonical form.
    pub subject: String,
}

/// Where a list of users goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCursor {
    /// After the user of this age: the list of all, the newest first.
    Age(Timestamp, UserId),
    /// After the user of this address: the list of a search, by address.
    Address(String, UserId),
}

impl UserCursor {
    /// The position after `user` in a list of all, or of a search.
    #[must_use]
    pub fn after(user: &User, searched: bool) -> Self {
        match &user.email {
            Some(email) if searched => Self::Address(email.clone(), user.id),
            _ => Self::Age(user.created_at, user.id),
        }
    }
}

/// Which users are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserQuery {
    /// The project.
    pub project_id: ProjectId,
    /// Only those whose address begins with this canonical text, by address; none: all, the newest first.
    pub address: Option<String>,
    /// Where to go on; of the kind that belongs to the list.
    pub after: Option<UserCursor>,
    /// How many at most.
    pub limit: u32,
}
