//! PostgreSQL, shared by as many replicas as wanted. One file here for each aggregate, as in `sqlite/`.
//!
//! Each row that a decision is based on is locked by its read, so that decisions over it come one after another, whichever replica
//! takes them. What meets another transaction is begun again: nothing here depends on the isolation that the database is set to.

mod api_key;
mod aside;
mod assertion;
mod audit;
mod challenge;
mod connect;
mod database;
mod decided;
mod follow;
mod gather;
mod issuer;
mod known;
mod limit;
mod migrate;
mod one_time_secret;
mod operator_token;
mod project;
mod purge;
mod query;
mod restore;
mod revocation;
mod session;
mod signing_key;
mod transaction;
mod user;

pub(crate) use connect::parse;
pub(crate) use query::Db;

use crate::{
    Options,
    counts::{WriteCounters, WriteCounts},
    error::OpenError,
    news::News,
    row::Columns,
    url::PostgresUrl,
};
use aside::Aside;
use authmint_domain::{
    model::{
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
    },
    port::{
        self, AdminDecision, Admission, Admitted, ChallengeDecision, Decide, IssuerDecision, PurgeBefore,
        Purged, Shown, SigningKeys, StoreError, Trade,
    },
};
use authmint_protocol::{
    id::{ApiKeyId, OneTimeSecretId, OperatorTokenId, ProjectId, SessionId, UserId},
    time::Timestamp,
};
use connect::Connecting;
use database::Database;
use gather::Gather;
use std::sync::Arc;
use tokio::task::AbortHandle;
use transaction::transact;

/// The rows of one service, or of all its replicas, in a PostgreSQL database.
pub struct PostgresStore {
    database: Arc<Database>,
    gather: Gather,
    sweep: Arc<purge::Sweep>,
    news: Arc<News>,
    follower: AbortHandle,
}

/// A connection of its own: for whoever copies a database.
pub(crate) async fn connect(url: &PostgresUrl, options: &Options) -> Result<Db, OpenError> {
    let said = parse(url.reveal()).map_err(|error| OpenError::Database { reason: error.to_string() })?;
    let connecting = Connecting::new(said, &options.postgres)?;
    let db = Database::new(&connecting, options.postgres.clone(), Arc::default())?.connection().await?;
    // Big tables take their time, and one side waits for the other.
    db.batch("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0").await?;
    Ok(db)
}

impl PostgresStore {
    /// Connects to the database and brings it to this program's schema.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be reached or used, or was written by a newer program.
    pub async fn open(url: &PostgresUrl, options: &Options) -> Result<Self, OpenError> {
        let said = parse(url.reveal()).map_err(|error| OpenError::Database { reason: error.to_string() })?;
        let connecting = Connecting::new(said, &options.postgres)?;
        let counters = Arc::<WriteCounters>::default();
        let database = Arc::new(Database::new(&connecting, options.postgres.clone(), counters)?);
        migrate::migrate(&database).await?;
        let news = Arc::<News>::default();
        let follower = tokio::spawn(follow::follow(Arc::clone(&database), connecting, Arc::clone(&news)));
        let gather = Gather::start(Arc::clone(&database));
        Ok(Self { database, gather, sweep: Arc::default(), news, follower: follower.abort_handle() })
    }

    /// What this process has written since it opened the database.
    #[must_use]
    pub fn write_counts(&self) -> WriteCounts {
        self.database.counters.read()
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl port::Store for PostgresStore {
    async fn put_project(&self, project: Project) -> Result<(), StoreError> {
        transact!(self, |tx| project::put(tx, &project))
    }

    async fn put_api_key(&self, key: ApiKeyRecord) -> Result<(), StoreError> {
        transact!(self, |tx| api_key::put(tx, &key))
    }

    async fn api_key(&self, hash: [u8; 32]) -> Result<Option<(ApiKeyRecord, Project)>, StoreError> {
        api_key::with_project(&self.database, hash).await
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        project::all(&self.database).await
    }

    async fn project(&self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        project::load(&self.database, id).await
    }

    async fn decide_project<A: Send + 'static>(
        &self,
        id: ProjectId,
        decide: impl Decide<Project, AdminDecision<Project, A>>,
    ) -> Result<A, StoreError> {
        let (answer, kept) = Aside::new();
        let decide = kept.admin(decide);
        let entry = self.decided_project(id, Box::new(decide)).await?;
        self.news.tell_of(entry);
        answer.take()
    }

    async fn api_keys(&self, project_id: ProjectId) -> Result<Vec<ApiKeyRecord>, StoreError> {
        api_key::of_project(&self.database, project_id).await
    }

    async fn decide_api_key<A: Send + 'static>(
        &self,
        id: ApiKeyId,
        decide: impl Decide<ApiKeyRecord, AdminDecision<ApiKeyRecord, A>>,
    ) -> Result<A, StoreError> {
        let (answer, kept) = Aside::new();
        let decide = kept.admin(decide);
        self.decided_api_key(id, Box::new(decide)).await?;
        answer.take()
    }

    async fn operator_token(&self, hash: [u8; 32]) -> Result<Option<OperatorTokenRecord>, StoreError> {
        operator_token::find(&self.database, hash).await
    }

    async fn operator_tokens(&self) -> Result<Vec<OperatorTokenRecord>, StoreError> {
        operator_token::all(&self.database).await
    }

    async fn decide_operator_token<A: Send + 'static>(
        &self,
        id: OperatorTokenId,
        decide: impl Decide<OperatorTokenRecord, AdminDecision<OperatorTokenRecord, A>>,
    ) -> Result<A, StoreError> {
        let (answer, kept) = Aside::new();
        let decide = kept.admin(decide);
        self.decided_operator_token(id, Box::new(decide)).await?;
        answer.take()
    }

    async fn note_shown(&self, shown: Vec<(Shown, Timestamp)>) -> Result<(), StoreError> {
        transact!(self, |tx| operator_token::note_shown(tx, &shown))
    }

    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        signing_key::all(&self.database).await
    }

    async fn decide_signing_keys<A: Send + 'static>(
        &self,
        now: Timestamp,
        origin: Origin,
        decide: impl Fn(&SigningKeys) -> (Vec<KeyStep>, A) + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        let (answer, kept) = Aside::new();
        let decide = move |keys: &SigningKeys| {
            let (steps, answer) = decide(keys);
            kept.put(answer);
            (steps, ())
        };
        let entry = self.decided_signing_keys(now, origin, Box::new(decide)).await?;
        self.news.tell_of(entry);
        answer.take()
    }

    async fn signing_mark(&self) -> Result<u64, StoreError> {
        signing_key::mark(&self.database).await
    }

    async fn ring_marks(&self) -> Result<Vec<(u32, [u8; 32])>, StoreError> {
        signing_key::ring_marks(&self.database).await
    }

    async fn add_ring_mark(&self, id: u32, mark: [u8; 32]) -> Result<(), StoreError> {
        transact!(self, |tx| signing_key::add_ring_mark(tx, id, &mark))
    }

    async fn pay_limits(
        &self,
        limits: Vec<(LimitKey, Limit)>,
        now: Timestamp,
    ) -> Result<Result<(), Spent>, StoreError> {
        transact!(self, |tx| limit::pay(tx, &limits, now))
    }

    async fn decide_challenge<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        email_id: EmailId,
        decide: impl Decide<EmailChallenge, ChallengeDecision<A>>,
    ) -> Result<A, StoreError> {
        let (answer, kept) = Aside::new();
        let decide = move |found: Option<&EmailChallenge>| {
            let ChallengeDecision { put, audit, answer } = decide(found);
            kept.put(answer);
            ChallengeDecision { put, audit, answer: () }
        };
        self.decided_challenge((project_id, email_id), Box::new(decide)).await?;
        answer.take()
    }

    async fn admit(&self, admission: Admission) -> Result<Admitted, StoreError> {
        transact!(self, |tx| one_time_secret::admit(tx, &admission))
    }

    async fn exchange(
        &self,
        id: OneTimeSecretId,
        now: Timestamp,
        origin: Origin,
        decide: impl Fn(&OneTimeSecretRecord, Option<&Session>) -> ExchangeDecision + Send + Sync + 'static,
    ) -> Result<Option<ExchangeDecision>, StoreError> {
        self.decided_exchange(id, (now, origin), Box::new(decide)).await
    }

    async fn issuers(&self, project_id: ProjectId) -> Result<Vec<TrustedIssuer>, StoreError> {
        issuer::of_project(&self.database, project_id).await
    }

    async fn decide_issuers<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        decide: impl Fn(&[TrustedIssuer]) -> IssuerDecision<A> + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        let (answer, kept) = Aside::new();
        let decide = move |trusted: &[TrustedIssuer]| {
            let IssuerDecision { change, answer } = decide(trusted);
            kept.put(answer);
            IssuerDecision { change, answer: () }
        };
        self.decided_issuers(project_id, Box::new(decide)).await?;
        answer.take()
    }

    async fn traded(&self, project_id: ProjectId, hash: [u8; 32]) -> Result<Option<Traded>, StoreError> {
        assertion::load(&self.database, project_id, hash).await
    }

    async fn trade(
        &self,
        trade: Trade,
        decide: impl Fn(TradeFacts<'_>) -> TradeDecision + Send + Sync + 'static,
    ) -> Result<Result<TradeDecision, Spent>, StoreError> {
        self.decided_trade(trade, Box::new(decide)).await
    }

    async fn decide_session<A: Send + 'static>(
        &self,
        id: SessionId,
        decide: impl Decide<Session, Decision<A>>,
    ) -> Result<A, StoreError> {
        let (answer, entry) = self.gather.decide(id, decide).await?;
        self.news.tell_of(entry);
        Ok(answer)
    }

    async fn decide_all_sessions(
        &self,
        forget_before: Timestamp,
        decide: impl Fn(&Session) -> Decision<bool> + Send + Sync + 'static,
    ) -> Result<u64, StoreError> {
        self.decided_all_sessions(forget_before, Box::new(decide)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        session::load(&self.database, id).await
    }

    async fn user(&self, project_id: ProjectId, id: UserId) -> Result<Option<User>, StoreError> {
        user::load(&self.database, project_id, id).await
    }

    async fn users(&self, query: UserQuery) -> Result<Vec<User>, StoreError> {
        user::list(&self.database, &query).await
    }

    async fn identities(&self, id: UserId) -> Result<Vec<Identity>, StoreError> {
        user::identities(&self.database, id).await
    }

    async fn decide_user<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        id: UserId,
        decide: impl Decide<User, UserDecision<A>>,
    ) -> Result<A, StoreError> {
        let (answer, kept) = Aside::new();
        let decide = move |found: Option<&User>| {
            let UserDecision { change, answer } = decide(found);
            kept.put(answer);
            UserDecision { change, answer: () }
        };
        let entry = self.decided_user((project_id, id), Box::new(decide)).await?;
        self.news.tell_of(entry);
        answer.take()
    }

    async fn sessions_of_user(
        &self,
        project_id: ProjectId,
        id: UserId,
        after: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        session::of_user(&self.database, (project_id, id), after, limit).await
    }

    async fn audit_events(&self, filter: EventFilter, limit: u32) -> Result<Vec<RecordedEvent>, StoreError> {
        audit::newest(&self.database, &filter, limit).await
    }

    async fn revocations(
        &self,
        project_id: ProjectId,
        position: Option<u64>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Stretch, StoreError> {
        revocation::stretch(&self.database, project_id, position, (limit, now)).await
    }

    async fn revoked_beyond(&self, position: u64) {
        self.news.beyond(position).await;
    }

    async fn purge(&self, before: PurgeBefore) -> Result<Purged, StoreError> {
        let sweep = Arc::clone(&self.sweep);
        transact!(self, |tx| purge::purge(tx, &sweep, before))
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        const TIME: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        self.database.one(TIME, &[], |row| Columns::only(row, "clock", "time")).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        transact!(self, |tx| tx.may_write())
    }
}
