//! One-time secrets: what every sign-in ends with, traded once for a session.

use super::{
    challenge::ClientPrefix,
    policy::Policy,
    rotation::{Presented, RotationState, Row},
    session::{Device, RefreshReply, Session, SignIn},
    user::{User, UserDisabled},
};
use authmint_protocol::{
    ErrorCode,
    id::{OneTimeSecretId, ProjectId, SessionId},
    time::Timestamp,
};

/// A finished sign-in that waits to be traded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeSecretRecord {
    /// Its ID, which the client holds under a MAC.
    pub id: OneTimeSecretId,
    /// The project.
    pub project_id: ProjectId,
    /// Who signed in.
    pub user: User,
    /// How.
    pub sign_in: SignIn,
    /// When it is too late to trade it.
    pub expires_at: Timestamp,
    /// When it was traded, and for which session.
    pub used: Option<(Timestamp, SessionId)>,
    /// As of now: the moment before which its project lets no session have been opened.
    pub not_before: Option<Timestamp>,
}

/// A one-time secret is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeRefused {
    /// Unknown, or of another project.
    #[error("this one-time secret is not known here; sign in again")]
    Invalid,
    /// It came too late.
    #[error("this one-time secret has expired; sign in again")]
    Expired,
    /// Its user was disabled meanwhile.
    #[error(transparent)]
    Disabled(#[from] UserDisabled),
    /// It was used before.
    #[error("this one-time secret was used before; sign in again if you are not signed in")]
    Used,
}

impl ExchangeRefused {
    /// The stable code; none of them is terminal for a session that the caller may hold.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Invalid => ErrorCode::OneTimeSecretInvalid,
            Self::Expired => ErrorCode::OneTimeSecretExpired,
            Self::Disabled(disabled) => disabled.code(),
            Self::Used => ErrorCode::OneTimeSecretUsed,
        }
    }
}

/// What the store does with a one-time secret.
#[derive(Debug, Clone, PartialEq)]
pub enum ExchangeDecision {
    /// First use: this session is inserted, and the secret marked as used for it.
    Open(Box<Session>),
    /// A reloaded callback page: the same first token again.
    Repeat(Box<RefreshReply>),
    /// Refused; a repeated use is audited.
    Refuse(ExchangeRefused),
}

impl OneTimeSecretRecord {
    /// Decides a trade. `opened` is the session of its first use, if there was one.
    ///
    /// Used again within G it gives generation 1 again, byte for byte, only while generation 1 is unused: reloaded
    /// callback pages send it twice. Later uses are refused, and the session lives on.
    #[must_use]
    pub fn exchange(
        &self,
        opened: Option<&Session>,
        new: NewSession,
        policy: &Policy,
        now: Timestamp,
    ) -> ExchangeDecision {
        let Some((used_at, _)) = self.used else {
            if let Err(disabled) = self.user.may_sign_in() {
                return ExchangeDecision::Refuse(disabled.into());
            }
            let outdated = self.not_before.is_some_and(|at| self.sign_in.at < at);
            if now >= self.expires_at || outdated {
                return ExchangeDecision::Refuse(ExchangeRefused::Expired);
            }
            let session = Session::open(
                new.id,
                self.user.clone(),
                self.sign_in.clone(),
                (new.device, new.from),
                policy,
                now,
            );
            return ExchangeDecision::Open(Box::new(session));
        };
        match opened {
            Some(session)
                if now.since(used_at) <= policy.grace
                    && session.rotation == RotationState::first(session.created_at)
                    && session.alive(now).is_ok() =>
            {
                ExchangeDecision::Repeat(Box::new(first_reply(session.clone(), now)))
            }
            _ => ExchangeDecision::Refuse(ExchangeRefused::Used),
        }
    }
}

/// What is drawn and known for a session that may be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its drawn ID.
    pub id: SessionId,
    /// What the device said of itself.
    pub device: Device,
    /// From which network it asks.
    pub from: Option<ClientPrefix>,
}

/// The answer with a session's first token.
#[must_use]
pub fn first_reply(session: Session, now: Timestamp) -> RefreshReply {
    RefreshReply { session, token: Presented { generation: 1, branch: 1 }, row: Row::Young, now }
}
