//! What flows hand to the store and get back from it.

use crate::model::{
    assertion::Assertion,
    audit::{AuditEvent, Origin},
    challenge::EmailChallenge,
    issuer::TrustedIssuer,
    limit::{Limit, LimitKey},
    revocation::Revocation,
    signing_key::SigningKey,
    user::{Proof, User, UserDisabled},
};
use authmint_protocol::{
    id::{ApiKeyId, IssuerId, OneTimeSecretId, OperatorTokenId, ProjectId, UserId},
    time::Timestamp,
    token::algorithm::Algorithm,
};

/// A pure decision over an optional row, run inside the store's transaction.
///
/// It may be run again after a retry, so it changes nothing and draws nothing: what it needs was drawn before.
pub trait Decide<T: ?Sized, R>: Fn(Option<&T>) -> R + Send + Sync + 'static {}
impl<T: ?Sized, R, F: Fn(Option<&T>) -> R + Send + Sync + 'static> Decide<T, R> for F {}

/// What a decision over an email challenge changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeDecision<A> {
    /// The row to keep from now on, if anything of it changed.
    pub put: Option<EmailChallenge>,
    /// A line for the audit trail.
    pub audit: Option<AuditEvent>,
    /// What to answer once that is durable.
    pub answer: A,
}

/// What a decision of an operator changes of a project, an API key or an operator token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminDecision<T, A> {
    /// The row to keep from now on, if it is new or anything of it changed.
    pub put: Option<T>,
    /// A line for the audit trail.
    pub audit: Option<AuditEvent>,
    /// An entry for the revocation feed.
    pub revocation: Option<Revocation>,
    /// What to answer once that is durable.
    pub answer: A,
}

impl<T, A> AdminDecision<T, A> {
    /// Leaves everything as it is.
    pub const fn leave(answer: A) -> Self {
        Self { put: None, audit: None, revocation: None, answer }
    }

    /// Keeps a row, and a line that tells of it.
    pub const fn put(row: T, audit: AuditEvent, answer: A) -> Self {
        Self { put: Some(row), audit: Some(audit), revocation: None, answer }
    }

    /// The same, and what ends by it.
    pub fn ending(self, revocation: Revocation) -> Self {
        Self { revocation: Some(revocation), ..self }
    }
}

/// A finished sign-in that asks to be let in.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The project.
    pub project_id: ProjectId,
    /// What was proven.
    pub proof: Proof,
    /// The ID of the user to create if the identity is new; `None` if the key may not create users.
    pub create: Option<UserId>,
    /// The ID of the one-time secret to issue.
    pub secret_id: OneTimeSecretId,
    /// When that secret expires.
    pub secret_expires_at: Timestamp,
    /// When it is let in; the proof may be older, where a person was recognised.
    pub at: Timestamp,
    /// Who asks.
    pub origin: Origin,
}

/// How a finished sign-in was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admitted {
    /// The user is in, and the one-time secret was issued.
    In(User),
    /// The identity is new, and may not create a user.
    Unknown,
    /// The user was disabled; nothing was issued.
    Disabled(UserDisabled),
}

/// A JWT of another issuer that verified and asks to be traded for a session.
#[derive(Debug, Clone)]
pub struct Trade {
    /// The JWT.
    pub assertion: Assertion,
    /// Who it proves.
    pub proof: Proof,
    /// What the trade is paid from, before anything else.
    pub limits: Vec<(LimitKey, Limit)>,
    /// When it is asked for.
    pub now: Timestamp,
    /// Who asks.
    pub origin: Origin,
}

/// What a decision over the issuers that a project trusts hands to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerDecision<A> {
    /// What is committed, with its line in the audit trail; nothing if all is as wanted already.
    pub change: Option<(IssuerChange, AuditEvent)>,
    /// What is answered.
    pub answer: A,
}

/// What a decision changes of the issuers that a project trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerChange {
    /// One more.
    Add(Box<TrustedIssuer>),
    /// One less; what it proved stays.
    Remove(IssuerId),
}

/// What was shown, for "last used".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// An API key.
    ApiKey(ApiKeyId),
    /// An operator token.
    OperatorToken(OperatorTokenId),
}

/// From when on rows have been of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeBefore {
    /// What can never matter again since then is removed.
    pub useless_since: Timestamp,
    /// Lines of the audit trail of before then are removed; none: the trail is kept for good.
    pub audit: Option<Timestamp>,
}

/// The signing keys of a service.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    /// All of them, the newest first.
    pub keys: Vec<SigningKey>,
    /// The algorithms that projects ask for; the default one in any case.
    pub wanted: Vec<Algorithm>,
    /// [`Store::signing_mark`](super::Store::signing_mark) of this reading, or of a moment before it.
    pub mark: u64,
}

/// What a purge removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Sessions.
    pub sessions: u64,
    /// Challenges, one-time secrets, assertions, limits and entries of the revocation feed.
    pub others: u64,
    /// Lines of the audit trail.
    pub audit_events: u64,
}
