//! Assertions: JWTs of issuers that a project trusts, each traded once for a session.

use super::{
    key_ring::sha256,
    one_time_secret::{NewSession, first_reply},
    policy::Policy,
    rotation::RotationState,
    session::{RefreshReply, Session, SignIn},
    user::{Proof, User, UserDisabled},
};
use authmint_protocol::{
    ErrorCode,
    id::{IssuerId, ProjectId, SessionId, UserId},
    time::Timestamp,
};

/// How often a JWT of an issuer is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reuse {
    /// Once: who finds it later finds it used.
    #[default]
    Never,
    /// Until it expires, each time for a session of its own: for apps that keep no session.
    UntilExp,
}

impl Reuse {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::UntilExp => "until_exp",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Never, Self::UntilExp].into_iter().find(|reuse| reuse.as_str() == name)
    }
}

/// A JWT that verified, as the trade knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The project.
    pub project_id: ProjectId,
    /// Who signed it.
    pub issuer_id: IssuerId,
    /// [`hash`] of it.
    pub hash: [u8; 32],
    /// Until when it would verify.
    pub expires_at: Timestamp,
    /// How often it is accepted.
    pub reuse: Reuse,
}

/// What a JWT is remembered by: SHA-256 of what the issuer signed.
///
/// The signature is no part of it. Whoever holds a JWT signed with ES256 can turn its signature into another that is just as
/// good, and it must not pass for another JWT.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    let signed = token.rsplit_once('.').map_or(token, |(signed, _signature)| signed);
    sha256(signed.as_bytes())
}

/// When an assertion was traded, and for which session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traded {
    /// When.
    pub at: Timestamp,
    /// For which session.
    pub session_id: SessionId,
}

/// What the store knows of an assertion.
#[derive(Debug, Clone, Copy)]
pub struct TradeFacts<'r> {
    /// Whether the project still trusts its issuer.
    pub trusted: bool,
    /// Its last trade.
    pub traded: Option<Traded>,
    /// The session of that trade, if it is still kept.
    pub opened: Option<&'r Session>,
    /// The user whom it proves.
    pub user: Option<&'r User>,
}

/// An assertion is not traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TradeRefused {
    /// It was traded before.
    #[error("this JWT was traded for a session before; get a new one from its issuer")]
    Used,
    /// Its issuer was removed meanwhile.
    #[error("the project does not trust the issuer of this JWT any more")]
    Untrusted,
    /// The user is new, and the key may not create users.
    #[error("no user has this identity, and this API key may not create one (scope users.create)")]
    MayNotCreate,
    /// The user was disabled.
    #[error(transparent)]
    Disabled(#[from] UserDisabled),
}

impl TradeRefused {
    /// The stable code; none of them is terminal for a session that the caller may hold.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Used => ErrorCode::AssertionUsed,
            Self::Untrusted => ErrorCode::IssuerNotTrusted,
            Self::MayNotCreate => ErrorCode::ScopeMissing,
            Self::Disabled(disabled) => disabled.code(),
        }
    }
}

/// What the store does with an assertion.
#[derive(Debug, Clone, PartialEq)]
pub enum TradeDecision {
    /// This session is inserted, with its user if that one is new, and the assertion marked as traded for it.
    Open {
        /// The session.
        session: Box<Session>,
        /// Whether its user is to be created.
        new_user: bool,
    },
    /// A request that was sent twice: the same first token again.
    Repeat(Box<RefreshReply>),
    /// Refused; a used assertion is audited.
    Refuse(TradeRefused),
}

impl Assertion {
    /// Decides a trade. `create` is the ID for a user who is new, none if the key may not create users.
    ///
    /// Traded again within G it gives generation 1 again, byte for byte, only while generation 1 is unused: requests are
    /// retried. Later it is refused, unless the issuer's JWTs may be reused.
    #[must_use]
    pub fn trade(
        &self,
        facts: TradeFacts<'_>,
        (proof, create): (&Proof, Option<UserId>),
        new: NewSession,
        policy: &Policy,
        now: Timestamp,
    ) -> TradeDecision {
        if !facts.trusted {
            return TradeDecision::Refuse(TradeRefused::Untrusted);
        }
        if let (Some(traded), Some(session)) = (facts.traded, facts.opened)
            && now.since(traded.at) <= policy.grace
            && session.rotation == RotationState::first(session.created_at)
            && session.alive(now).is_ok()
        {
            return TradeDecision::Repeat(Box::new(first_reply(session.clone(), now)));
        }
        if facts.traded.is_some() && self.reuse == Reuse::Never {
            return TradeDecision::Refuse(TradeRefused::Used);
        }
        let user = match (facts.user, create) {
            (Some(user), _) => user.clone(),
            (None, Some(id)) => User::new(id, self.project_id, proof.email.clone(), now),
            (None, None) => return TradeDecision::Refuse(TradeRefused::MayNotCreate),
        };
        if let Err(disabled) = user.may_sign_in() {
            return TradeDecision::Refuse(disabled.into());
        }
        let sign_in = SignIn {
            method: proof.method.clone().into_owned(),
            amr: proof.amr.clone().into_owned(),
            at: proof.at,
        };
        let session = Session::open(new.id, user, sign_in, (new.device, new.from), policy, now);
        TradeDecision::Open { session: Box::new(session), new_user: facts.user.is_none() }
    }
}

#[cfg(test)]
mod tests;
