//! What the outside must provide, one trait a concern; each has its adapter in the store or the server.

use crate::model::{
    audit::{AuditEvent, EventFilter, Origin, RecordedEvent},
    challenge::{EmailChallenge, EmailId},
    limit::{Limit, LimitKey, Spent},
    one_time_secret::{ExchangeDecision, OneTimeSecretRecord},
    operator_token::OperatorTokenRecord,
    project::{ApiKeyRecord, Project},
    revocation::{Revocation, Stretch},
    session::{Decision, Session},
    signing_key::{GeneratedKey, KeyStep, SigningKey},
    user::{Identity, Proof, User, UserDecision, UserDisabled, UserQuery},
};
use authmint_protocol::{
    id::{ApiKeyId, OneTimeSecretId, OperatorTokenId, ProjectId, SessionId, UserId},
    jwk::{KeySet, PublicKey},
    secret::EmailCode,
    time::Timestamp,
    token::algorithm::Algorithm,
};
use std::{future::Future, sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// The store cannot answer now, or its data is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Contention, a full disk, a lost connection: the same call may succeed later. Nothing was changed, or the
    /// change is such that a repeat of the request finds it.
    #[error("the store cannot answer now: {reason}")]
    Unavailable {
        /// What the driver said, for the log.
        reason: String,
    },
    /// A row that this program cannot have written.
    #[error("broken row in {table}.{column} ({row}): {reason}")]
    BrokenRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Which row, in a form that can be looked up.
        row: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A row of this identity exists already.
    #[error("{what} exists already")]
    Conflict {
        /// What exists.
        what: &'static str,
    },
}

/// A pure decision over an optional row, run inside the store's transaction.
///
/// It may be run again after a retry, so it changes nothing and draws nothing: what it needs was drawn before.
pub trait Decide<T: ?Sized, R>: Fn(Option<&T>) -> R + Send + 'static {}
impl<T: ?Sized, R, F: Fn(Option<&T>) -> R + Send + 'static> Decide<T, R> for F {}

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
    /// [`Store::signing_mark`] of this reading, or of a moment before it.
    pub mark: u64,
}

/// What a purge removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Sessions.
    pub sessions: u64,
    /// Challenges, one-time secrets, limits and entries of the revocation feed.
    pub others: u64,
    /// Lines of the audit trail.
    pub audit_events: u64,
}

/// Where rows are kept.
///
/// Every method that changes something answers only when the change is durable, and every decision runs in one
/// transaction with the read it is based on and the write that it asks for.
pub trait Store: Send + Sync + 'static {
    /// Adds a project; a repeat with the same ID replaces name and policy.
    fn put_project(&self, project: Project) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Adds an API key; a repeat with the same hash replaces what it is allowed. A revoked key stays revoked.
    fn put_api_key(&self, key: ApiKeyRecord) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Finds an API key and its project by the SHA-256 of the key's text.
    fn api_key(
        &self,
        hash: [u8; 32],
    ) -> impl Future<Output = Result<Option<(ApiKeyRecord, Project)>, StoreError>> + Send;

    /// All projects, the oldest first.
    fn projects(&self) -> impl Future<Output = Result<Vec<Project>, StoreError>> + Send;

    /// Reads one project.
    fn project(&self, id: ProjectId) -> impl Future<Output = Result<Option<Project>, StoreError>> + Send;

    /// Decides over one project: making it, or changing its name, policy and not-before.
    fn decide_project<A: Send + 'static>(
        &self,
        id: ProjectId,
        decide: impl Decide<Project, AdminDecision<Project, A>>,
    ) -> impl Future<Output = Result<A, StoreError>> + Send;

    /// All API keys of a project, the oldest first; revoked ones too.
    fn api_keys(
        &self,
        project_id: ProjectId,
    ) -> impl Future<Output = Result<Vec<ApiKeyRecord>, StoreError>> + Send;

    /// Decides over one API key: registering it, or revoking it, which is final.
    fn decide_api_key<A: Send + 'static>(
        &self,
        id: ApiKeyId,
        decide: impl Decide<ApiKeyRecord, AdminDecision<ApiKeyRecord, A>>,
    ) -> impl Future<Output = Result<A, StoreError>> + Send;

    /// Finds an operator token by the SHA-256 of its text.
    fn operator_token(
        &self,
        hash: [u8; 32],
    ) -> impl Future<Output = Result<Option<OperatorTokenRecord>, StoreError>> + Send;

    /// All operator tokens, the oldest first; revoked ones too.
    fn operator_tokens(&self) -> impl Future<Output = Result<Vec<OperatorTokenRecord>, StoreError>> + Send;

    /// Decides over one operator token: making it, or revoking it, which is final.
    fn decide_operator_token<A: Send + 'static>(
        &self,
        id: OperatorTokenId,
        decide: impl Decide<OperatorTokenRecord, AdminDecision<OperatorTokenRecord, A>>,
    ) -> impl Future<Output = Result<A, StoreError>> + Send;

    /// Notes when API keys and operator tokens were last shown; a later time is never replaced by an earlier one.
    fn note_shown(
        &self,
        shown: Vec<(Shown, Timestamp)>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// All signing keys, and what is asked of them.
    fn signing_keys(&self) -> impl Future<Output = Result<SigningKeys, StoreError>> + Send;

    /// Decides over all signing keys at once; the steps are taken in their order, all or none, each with its line in
    /// the audit trail.
    fn decide_signing_keys<A: Send + 'static>(
        &self,
        now: Timestamp,
        origin: Origin,
        decide: impl Fn(&SigningKeys) -> (Vec<KeyStep>, A) + Send + 'static,
    ) -> impl Future<Output = Result<A, StoreError>> + Send;

    /// A number that differs from before once signing keys or the algorithms in use have changed, whoever did it.
    fn signing_mark(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The marks of the key-ring keys under which this database was written, by key ID.
    fn ring_marks(&self) -> impl Future<Output = Result<Vec<(u32, [u8; 32])>, StoreError>> + Send;

    /// Adds the mark of a key-ring key.
    fn add_ring_mark(&self, id: u32, mark: [u8; 32]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Pays one act for each key, or for none if any allowance is spent.
    fn pay_limits(
        &self,
        limits: Vec<(LimitKey, Limit)>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), Spent>, StoreError>> + Send;

    /// Decides over the challenge of one address.
    fn decide_challenge<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        email_id: EmailId,
        decide: impl Decide<EmailChallenge, ChallengeDecision<A>>,
    ) -> impl Future<Output = Result<A, StoreError>> + Send;

    /// Finds or creates the user of a proof and issues a one-time secret, in one transaction.
    fn admit(&self, admission: Admission) -> impl Future<Output = Result<Admitted, StoreError>> + Send;

    /// Decides over a one-time secret and, if it was used, the session of its first use.
    ///
    /// The answer is the decision itself, `None` if there is no such secret. An opened session is inserted and the
    /// secret marked as used, with both audited, before this answers. `now` and `origin` are for the audit.
    fn exchange(
        &self,
        id: OneTimeSecretId,
        now: Timestamp,
        origin: Origin,
        decide: impl Fn(&OneTimeSecretRecord, Option<&Session>) -> ExchangeDecision + Send + 'static,
    ) -> impl Future<Output = Result<Option<ExchangeDecision>, StoreError>> + Send;

    /// Decides over one session: refresh and sign-out.
    fn decide_session<A: Send + 'static>(
        &self,
        id: SessionId,
        decide: impl Decide<Session, Decision<A>>,
    ) -> impl Future<Output = Result<A, StoreError>> + Send;

    /// Decides over every session, in one transaction, and forgets the one-time secrets and codes issued before
    /// `forget_before`; answers how many sessions were ended. For a database that serves nobody yet.
    fn decide_all_sessions(
        &self,
        forget_before: Timestamp,
        decide: impl Fn(&Session) -> Decision<bool> + Send + 'static,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Reads one session; for showing, never for deciding a change.
    fn session(&self, id: SessionId) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// Reads one user of a project.
    fn user(
        &self,
        project_id: ProjectId,
        id: UserId,
    ) -> impl Future<Output = Result<Option<User>, StoreError>> + Send;

    /// The users of a project, at most `limit` of them.
    fn users(&self, query: UserQuery) -> impl Future<Output = Result<Vec<User>, StoreError>> + Send;

    /// The identities of a user, ordered by method and subject.
    fn identities(&self, id: UserId) -> impl Future<Output = Result<Vec<Identity>, StoreError>> + Send;

    /// Decides over one user of a project.
    fn decide_user<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        id: UserId,
        decide: impl Decide<User, UserDecision<A>>,
    ) -> impl Future<Output = Result<A, StoreError>> + Send;

    /// The sessions of a user of a project, ended ones too, the newest first, after the given one, at most `limit`.
    fn sessions_of_user(
        &self,
        project_id: ProjectId,
        id: UserId,
        after: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// Lines of the audit trail, the newest first, at most `limit`.
    fn audit_events(
        &self,
        filter: EventFilter,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RecordedEvent>, StoreError>> + Send;

    /// A stretch of the revocation feed as one project sees it, after `position`, at most `limit` entries of it.
    ///
    /// Without a position, or with one from which it cannot be continued (rows were purged, the database is an older
    /// one), it begins anew with everything that has not expired by `now`. Positions only grow, and what was
    /// committed later never gets an earlier one.
    fn revocations(
        &self,
        project_id: ProjectId,
        position: Option<u64>,
        limit: u32,
        now: Timestamp,
    ) -> impl Future<Output = Result<Stretch, StoreError>> + Send;

    /// Waits until this process has committed something to the feed beyond `position`; what other processes commit
    /// wakes nobody.
    fn revoked_beyond(&self, position: u64) -> impl Future<Output = ()> + Send;

    /// Removes a bounded number of rows that are of no use any more; call again until it removes none.
    ///
    /// Sessions that fell idle have no index, since every rotation would have to write it: each call looks through
    /// the next few thousand, so that they go round after round rather than at once.
    fn purge(&self, before: PurgeBefore) -> impl Future<Output = Result<Purged, StoreError>> + Send;

    /// Whether the store answers: a cheap write-path check for readiness.
    fn ready(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The one clock.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The one source of randomness.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `out` with bytes that nobody can predict.
    fn fill(&self, out: &mut [u8]);

    /// Draws `N` bytes.
    fn draw<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}

/// The key did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key is not usable")]
pub struct SignError;

/// A key to sign one JWT with: its name and its signature belong together, whatever is installed meanwhile.
pub trait ActiveKey: Send {
    /// The public half; its `kid` names it.
    fn public(&self) -> &PublicKey;

    /// Signs: raw r‖s for ES256 (RFC 7518, section 3.4).
    ///
    /// # Errors
    /// [`SignError`] if the key refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Who holds private signing keys while the service runs.
pub trait Signer: Send + Sync + 'static {
    /// Generates a key pair.
    ///
    /// # Errors
    /// [`SignError`] if the algorithm cannot be generated.
    fn generate(&self, algorithm: Algorithm) -> Result<GeneratedKey, SignError>;

    /// Takes the keys to work with from now on: public halves for the key set, and those to sign with, one for each
    /// algorithm. Whoever signs meanwhile does so with the keys of before or with these.
    ///
    /// `mark` is that of the reading: what was read before the keys in use changes nothing, so that a key which was
    /// revoked meanwhile does not come back.
    ///
    /// # Errors
    /// [`SignError`] if a document is not a key of the public half's algorithm; nothing was changed then.
    fn install(
        &self,
        mark: u64,
        keys: Vec<Arc<PublicKey>>,
        active: Vec<(Arc<PublicKey>, Zeroizing<Vec<u8>>)>,
    ) -> Result<(), SignError>;

    /// A key that can sign.
    type Active: ActiveKey;

    /// The key that signs by this algorithm now.
    fn active(&self, algorithm: Algorithm) -> Option<Self::Active>;

    /// Every key under which a JWT may still be valid.
    fn key_set(&self) -> KeySet;
}

/// The mail could not be handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mail server did not take the mail: {reason}")]
pub struct MailError {
    /// What it said, for the log.
    pub reason: String,
}

/// A mail with a code in it.
pub struct CodeMail {
    /// The canonical address.
    pub to: String,
    /// The code.
    pub code: EmailCode,
    /// What the mail calls the app.
    pub project_name: String,
    /// How long the code is good.
    pub valid_for: Duration,
    /// When it was written.
    pub at: Timestamp,
}

/// Who delivers mail.
pub trait Mailer: Send + Sync + 'static {
    /// Hands a mail to the mail server; an answer means that the server took it.
    fn send_code(&self, mail: CodeMail) -> impl Future<Output = Result<(), MailError>> + Send;
}
