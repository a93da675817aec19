//! Where rows are kept.

use super::rows::{
    AdminDecision, Admission, Admitted, ChallengeDecision, Decide, IssuerDecision, PurgeBefore, Purged,
    Shown, SigningKeys, Trade,
};
use crate::model::{
    assertion::{TradeDecision, TradeFacts, Traded},
    audit::{EventFilter, Origin, RecordedEvent},
    challenge::{EmailChallenge, EmailId},
    issuer::TrustedIssuer,
    limit::{Limit, LimitKey, Spent},
    one_time_secret::{ExchangeDecision, OneTimeSecretRecord},
    operator_token::OperatorTokenRecord,
    project::{ApiKeyRecord, Project},
    revocation::Stretch,
    session::{Decision, Session},
    signing_key::KeyStep,
    user::{Identity, User, UserDecision, UserQuery},
};
use authmint_protocol::{
    id::{ApiKeyId, OneTimeSecretId, OperatorTokenId, ProjectId, SessionId, UserId},
    time::Timestamp,
};
use std::future::Future;

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
        decide: impl Fn(&SigningKeys) -> (Vec<KeyStep>, A) + Send + Sync + 'static,
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
        decide: impl Fn(&OneTimeSecretRecord, Option<&Session>) -> ExchangeDecision + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Option<ExchangeDecision>, StoreError>> + Send;

    /// The issuers that a project trusts, by name.
    fn issuers(
        &self,
        project_id: ProjectId,
    ) -> impl Future<Output = Result<Vec<TrustedIssuer>, StoreError>> + Send;

    /// Decides over all issuers that a project trusts at once.
    fn decide_issuers<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        decide: impl Fn(&[TrustedIssuer]) -> IssuerDecision<A> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<A, StoreError>> + Send;

    /// When an assertion was last traded, if it was; for showing, never for deciding.
    fn traded(
        &self,
        project_id: ProjectId,
        hash: [u8; 32],
    ) -> impl Future<Output = Result<Option<Traded>, StoreError>> + Send;

    /// Pays the limits of a trade, then decides over the assertion, whom it proves, and the session of its last trade.
    ///
    /// The answer is the decision itself. An opened session is inserted with its user if that one is new, and the
    /// assertion marked as traded, all of it audited, before this answers.
    fn trade(
        &self,
        trade: Trade,
        decide: impl Fn(TradeFacts<'_>) -> TradeDecision + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Result<TradeDecision, Spent>, StoreError>> + Send;

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
        decide: impl Fn(&Session) -> Decision<bool> + Send + Sync + 'static,
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

    /// The time by the store's own clock, where several processes share it: theirs may differ. None: it has no clock of its own.
    fn time(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// Whether the store answers: a cheap write-path check for readiness.
    fn ready(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
