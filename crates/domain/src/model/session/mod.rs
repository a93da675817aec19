//! A session: one row that knows whether a refresh token is answered, and with what.

use super::{
    audit::{AuditEvent, AuditKind, Origin},
    challenge::ClientPrefix,
    policy::Policy,
    rotation::{Presented, RotationState, Row, Verdict},
    user::User,
};
use authmint_protocol::{
    ErrorCode,
    id::{ProjectId, SessionId, UserId},
    time::Timestamp,
    wire,
};

/// One signed-in device of one user.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The `sid` of its session JWTs.
    pub id: SessionId,
    /// The project.
    pub project_id: ProjectId,
    /// Whose it is.
    pub user: SessionUser,
    /// How the user signed in.
    pub sign_in: SignIn,
    /// What the device said of itself.
    pub device: Device,
    /// From which network it was opened, cut as limits count it.
    pub opened_from: Option<ClientPrefix>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Which token is current.
    pub rotation: RotationState,
    /// When it ends unless something rotates it.
    pub idle_expires_at: Timestamp,
    /// When it ends whatever happens.
    pub absolute_expires_at: Timestamp,
    /// Whether and why it was ended; final.
    pub ended: Option<Ended>,
    /// As of now: the moment before which its project lets no session have been opened.
    pub not_before: Option<Timestamp>,
}

/// How a user signed in: what the JWT's `amr` and `auth_time` say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The sign-in method.
    pub method: String,
    /// How it was proven (RFC 8176); several values stand between spaces.
    pub amr: String,
    /// When it was proven.
    pub at: Timestamp,
}

/// What a device said of itself; for people to recognise it, never to decide by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// The `User-Agent` header, cut to 256 characters.
    pub user_agent: Option<String>,
    /// The client package and its version.
    pub client: Option<String>,
}

/// How a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// Why a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Its user signed out.
    SignOut,
    /// Two holders of one token were found out.
    Theft,
    /// The database was restored from a backup, which may not know that the session was ended.
    Restore,
    /// An operator or the app's server ended it.
    Operator,
    /// Its user was disabled.
    Disabled,
    /// Its user was deleted.
    Deleted,
    /// Its project ended every session of before a moment.
    NotBefore,
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::SignOut,
        Self::Theft,
        Self::Restore,
        Self::Operator,
        Self::Disabled,
        Self::Deleted,
        Self::NotBefore,
    ];

    /// The reason's stable text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignOut => "sign_out",
            Self::Theft => "theft",
            Self::Restore => "restore",
            Self::Operator => "operator",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            Self::NotBefore => "not_before",
        }
    }

    /// The reason of this text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// A refresh is refused for good; the cookies that hold the token are of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshRefused {
    /// No such session (any more).
    #[error("this session does not exist any more; sign in again")]
    Unknown,
    /// Idle or absolute expiry.
    #[error("this session has expired; sign in again")]
    Expired,
    /// Ended by sign-out, an operator, or a found theft.
    #[error("this session was ended; sign in again")]
    Revoked,
    /// The same, told to the one whose token gave the theft away; only the service's own counting tells the two apart.
    #[error("this session was ended; sign in again")]
    Theft,
}

impl RefreshRefused {
    /// The stable code; all are terminal.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::RefreshUnknown,
            Self::Expired => ErrorCode::SessionExpired,
            Self::Revoked | Self::Theft => ErrorCode::SessionRevoked,
        }
    }
}

/// The token to answer with, and the session as it now is.
#[derive(Debug, Clone, PartialEq)]
pub struct RefreshReply {
    /// The session after the decision.
    pub session: Session,
    /// Generation and branch of the token to hand out.
    pub token: Presented,
    /// Which row of the rule answered.
    pub row: Row,
    /// The decision's clock reading; the JWT is dated by it.
    pub now: Timestamp,
}

/// A decision's effect on its session row.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionChange {
    /// Nothing is written.
    None,
    /// The rotation moved on; the store repeats the expected state in its `WHERE`.
    Rotated {
        /// The new state.
        rotation: RotationState,
        /// The new idle end: only a rotation extends it.
        idle_expires_at: Timestamp,
    },
    /// The session is over.
    End(Ended, AuditEvent),
}

/// What a pure decision hands to the store: the change to commit, and the answer to give once it is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<A> {
    /// What is committed.
    pub change: SessionChange,
    /// What is answered.
    pub answer: A,
}

impl<A> Decision<A> {
    /// Answers without changing anything.
    #[must_use]
    pub const fn keep(answer: A) -> Self {
        Self { change: SessionChange::None, answer }
    }

    /// The same, its line in the audit trail telling who asked for it.
    #[must_use]
    pub fn told_by(mut self, origin: &Origin) -> Self {
        if let SessionChange::End(_, event) = &mut self.change {
            event.origin = origin.clone();
        }
        self
    }
}

/// Whose session it is, as its own row says: a refresh looks at no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionUser {
    /// The user.
    pub id: UserId,
    /// Their verified address, if they have one.
    pub email: Option<String>,
}

impl SessionUser {
    /// The user as clients see one.
    #[must_use]
    pub fn to_wire(&self) -> wire::user::User {
        wire::user::User { id: self.id.to_string(), email: self.email.clone(), phone_number: None }
    }
}

impl Session {
    /// Opens a session at a first sign-in; its first token is generation 1, branch 1.
    #[must_use]
    pub fn open(
        id: SessionId,
        user: User,
        sign_in: SignIn,
        (device, opened_from): (Device, Option<ClientPrefix>),
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let absolute_expires_at = now.after(policy.absolute);
        Self {
            id,
            project_id: user.project_id,
            user: SessionUser { id: user.id, email: user.email },
            sign_in,
            device,
            opened_from,
            created_at: now,
            rotation: RotationState::first(now),
            idle_expires_at: now.after(policy.idle).min(absolute_expires_at),
            absolute_expires_at,
            ended: None,
            not_before: None,
        }
    }

    /// When it ends if nothing rotates it.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.idle_expires_at.min(self.absolute_expires_at)
    }

    /// How it was ended, if it was: by itself, or with all of its project's of before a moment.
    #[must_use]
    pub fn ending(&self) -> Option<Ended> {
        let outdated = self.not_before.filter(|&at| self.created_at < at);
        self.ended.or(outdated.map(|at| Ended { at, reason: EndReason::NotBefore }))
    }

    /// Whether it can be used at all: ended comes first, since ended is final, then both expiries.
    ///
    /// A disabled user's sessions were ended with the user, in one transaction.
    ///
    /// # Errors
    /// [`RefreshRefused`] with the reason.
    pub fn alive(&self, now: Timestamp) -> Result<(), RefreshRefused> {
        if self.ending().is_some() {
            Err(RefreshRefused::Revoked)
        } else if now >= self.expires_at() {
            Err(RefreshRefused::Expired)
        } else {
            Ok(())
        }
    }

    /// Decides a refresh: [`alive`](Self::alive), then the rotation rule.
    #[must_use]
    pub fn refresh(
        &self,
        presented: Presented,
        policy: &Policy,
        now: Timestamp,
    ) -> Decision<Result<RefreshReply, RefreshRefused>> {
        if let Err(refused) = self.alive(now) {
            return Decision::keep(Err(refused));
        }
        match self.rotation.decide(presented, now, policy.windows()) {
            Verdict::Theft => Decision {
                change: self.end(EndReason::Theft, AuditKind::TheftFound, now),
                answer: Err(RefreshRefused::Theft),
            },
            Verdict::Reply { row, reply, change: None } => {
                Decision::keep(Ok(RefreshReply { session: self.clone(), token: reply, row, now }))
            }
            Verdict::Reply { row, reply, change: Some(rotation) } => {
                let mut session = self.clone();
                if row == Row::Rotate {
                    session.idle_expires_at = now.after(policy.idle).min(self.absolute_expires_at);
                }
                session.rotation = rotation.clone();
                let change = SessionChange::Rotated { rotation, idle_expires_at: session.idle_expires_at };
                Decision { change, answer: Ok(RefreshReply { session, token: reply, row, now }) }
            }
        }
    }

    /// Decides a sign-out; a session that is over stays as it ended.
    #[must_use]
    pub fn sign_out(&self, now: Timestamp) -> Decision<()> {
        match self.alive(now) {
            Ok(()) => {
                Decision { change: self.end(EndReason::SignOut, AuditKind::SignedOut, now), answer: () }
            }
            Err(_) => Decision::keep(()),
        }
    }

    /// Decides an end by an operator or an app's server; answers whether there was anything to end.
    #[must_use]
    pub fn end_by_operator(&self, now: Timestamp) -> Decision<bool> {
        match self.alive(now) {
            Ok(()) => {
                Decision { change: self.end(EndReason::Operator, AuditKind::SessionEnded, now), answer: true }
            }
            Err(_) => Decision::keep(false),
        }
    }

    /// Decides whether a restore ends this session: it does if the session was opened before `before`.
    #[must_use]
    pub fn restored(&self, before: Timestamp, now: Timestamp) -> Decision<bool> {
        if self.created_at >= before || self.alive(now).is_err() {
            return Decision::keep(false);
        }
        Decision { change: self.end(EndReason::Restore, AuditKind::SessionEnded, now), answer: true }
    }

    fn end(&self, reason: EndReason, kind: AuditKind, at: Timestamp) -> SessionChange {
        let event = AuditEvent {
            session_id: Some(self.id),
            ..AuditEvent::new(at, kind, Some(self.project_id), Origin::default())
                .of_user(self.user.id)
                .saying(reason.as_str())
        };
        SessionChange::End(Ended { at, reason }, event)
    }
}

#[cfg(test)]
mod tests;
