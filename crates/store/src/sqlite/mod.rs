//! The embedded database: one file, one writer, a few readers beside it. One file here for each aggregate.

mod api_key;
mod assertion;
mod audit;
pub(crate) mod backup;
mod challenge;
mod checkpoint;
mod connection;
mod issuer;
mod limit;
mod lock;
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
mod user;
mod writer;

use crate::{
    Options,
    counts::{WriteCounters, WriteCounts},
    error::OpenError,
    news::News,
};
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
use connection::{Opening, Readers};
pub(crate) use query::all as query_all;
use std::{path::Path, sync::Arc};
use writer::Queue;

/// The rows of one service in a file.
///
/// Dropping it waits for the writes that were accepted.
pub struct SqliteStore {
    // In this order: the connection that writes is the last to close, and tidies the log away.
    readers: Readers,
    queue: Queue,
    sweep: Arc<purge::Sweep>,
    news: News,
    counters: Arc<WriteCounters>,
}

/// A connection of its own to a database that was opened before: for whoever copies it.
pub(crate) fn connect(path: &Path, options: &Options) -> Result<rusqlite::Connection, OpenError> {
    Opening::new(path, options)?.writer()
}

impl SqliteStore {
    /// Opens the file at `path`, makes it if it is not there, and brings it to this program's schema.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be read, is not ours, or was written by a newer program.
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let opening = Opening::new(path, options)?;
        let mut connection = opening.writer()?;
        migrate::migrate(&mut connection)?;
        let readers = Readers::open(&opening, options.readers)?;
        let counters = Arc::<WriteCounters>::default();
        let queue = Queue::start(options.writer, opening, connection, Arc::clone(&counters))?;
        Ok(Self { readers, queue, sweep: Arc::default(), news: News::default(), counters })
    }

    /// What was written since it was opened.
    #[must_use]
    pub fn write_counts(&self) -> WriteCounts {
        self.counters.read()
    }
}

impl port::Store for SqliteStore {
    async fn put_project(&self, project: Project) -> Result<(), StoreError> {
        self.queue.write(move |tx| project::put(tx, &project)).await
    }

    async fn put_api_key(&self, key: ApiKeyRecord) -> Result<(), StoreError> {
        self.queue.write(move |tx| api_key::put(tx, &key)).await
    }

    async fn api_key(&self, hash: [u8; 32]) -> Result<Option<(ApiKeyRecord, Project)>, StoreError> {
        self.readers.read(|db| api_key::with_project(db, hash))
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        self.readers.read(project::all)
    }

    async fn project(&self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        self.readers.read(|db| project::load(db, id))
    }

    async fn decide_project<A: Send + 'static>(
        &self,
        id: ProjectId,
        decide: impl Decide<Project, AdminDecision<Project, A>>,
    ) -> Result<A, StoreError> {
        let (answer, entry) = self.queue.write(move |tx| project::decide(tx, id, &decide)).await?;
        self.news.tell_of(entry);
        Ok(answer)
    }

    async fn api_keys(&self, project_id: ProjectId) -> Result<Vec<ApiKeyRecord>, StoreError> {
        self.readers.read(|db| api_key::of_project(db, project_id))
    }

    async fn decide_api_key<A: Send + 'static>(
        &self,
        id: ApiKeyId,
        decide: impl Decide<ApiKeyRecord, AdminDecision<ApiKeyRecord, A>>,
    ) -> Result<A, StoreError> {
        self.queue.write(move |tx| api_key::decide(tx, id, &decide)).await
    }

    async fn operator_token(&self, hash: [u8; 32]) -> Result<Option<OperatorTokenRecord>, StoreError> {
        self.readers.read(|db| operator_token::find(db, hash))
    }

    async fn operator_tokens(&self) -> Result<Vec<OperatorTokenRecord>, StoreError> {
        self.readers.read(operator_token::all)
    }

    async fn decide_operator_token<A: Send + 'static>(
        &self,
        id: OperatorTokenId,
        decide: impl Decide<OperatorTokenRecord, AdminDecision<OperatorTokenRecord, A>>,
    ) -> Result<A, StoreError> {
        self.queue.write(move |tx| operator_token::decide(tx, id, &decide)).await
    }

    async fn note_shown(&self, shown: Vec<(Shown, Timestamp)>) -> Result<(), StoreError> {
        self.queue.write(move |tx| operator_token::note_shown(tx, &shown)).await
    }

    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        self.readers.read(signing_key::all)
    }

    async fn decide_signing_keys<A: Send + 'static>(
        &self,
        now: Timestamp,
        origin: Origin,
        decide: impl Fn(&SigningKeys) -> (Vec<KeyStep>, A) + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        let (answer, entry) =
            self.queue.write(move |tx| signing_key::decide(tx, (now, &origin), &decide)).await?;
        self.news.tell_of(entry);
        Ok(answer)
    }

    async fn signing_mark(&self) -> Result<u64, StoreError> {
        self.readers.read(signing_key::mark)
    }

    async fn ring_marks(&self) -> Result<Vec<(u32, [u8; 32])>, StoreError> {
        self.readers.read(signing_key::ring_marks)
    }

    async fn add_ring_mark(&self, id: u32, mark: [u8; 32]) -> Result<(), StoreError> {
        self.queue.write(move |tx| signing_key::add_ring_mark(tx, id, &mark)).await
    }

    async fn pay_limits(
        &self,
        limits: Vec<(LimitKey, Limit)>,
        now: Timestamp,
    ) -> Result<Result<(), Spent>, StoreError> {
        self.queue.write(move |tx| limit::pay(tx, &limits, now)).await
    }

    async fn decide_challenge<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        email_id: EmailId,
        decide: impl Decide<EmailChallenge, ChallengeDecision<A>>,
    ) -> Result<A, StoreError> {
        self.queue.write(move |tx| challenge::decide(tx, project_id, email_id, &decide)).await
    }

    async fn admit(&self, admission: Admission) -> Result<Admitted, StoreError> {
        self.queue.write(move |tx| one_time_secret::admit(tx, &admission)).await
    }

    async fn exchange(
        &self,
        id: OneTimeSecretId,
        now: Timestamp,
        origin: Origin,
        decide: impl Fn(&OneTimeSecretRecord, Option<&Session>) -> ExchangeDecision + Send + Sync + 'static,
    ) -> Result<Option<ExchangeDecision>, StoreError> {
        self.queue.write(move |tx| one_time_secret::exchange(tx, id, (now, &origin), &decide)).await
    }

    async fn issuers(&self, project_id: ProjectId) -> Result<Vec<TrustedIssuer>, StoreError> {
        self.readers.read(|db| issuer::of_project(db, project_id))
    }

    async fn decide_issuers<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        decide: impl Fn(&[TrustedIssuer]) -> IssuerDecision<A> + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        self.queue.write(move |tx| issuer::decide(tx, project_id, &decide)).await
    }

    async fn traded(&self, project_id: ProjectId, hash: [u8; 32]) -> Result<Option<Traded>, StoreError> {
        self.readers.read(|db| assertion::load(db, project_id, &hash))
    }

    async fn trade(
        &self,
        trade: Trade,
        decide: impl Fn(TradeFacts<'_>) -> TradeDecision + Send + Sync + 'static,
    ) -> Result<Result<TradeDecision, Spent>, StoreError> {
        self.queue.write(move |tx| assertion::trade(tx, &trade, &decide)).await
    }

    async fn decide_session<A: Send + 'static>(
        &self,
        id: SessionId,
        decide: impl Decide<Session, Decision<A>>,
    ) -> Result<A, StoreError> {
        let (answer, entry) = self.queue.write(move |tx| session::decide(tx, id, &decide)).await?;
        self.news.tell_of(entry);
        Ok(answer)
    }

    async fn decide_all_sessions(
        &self,
        forget_before: Timestamp,
        decide: impl Fn(&Session) -> Decision<bool> + Send + Sync + 'static,
    ) -> Result<u64, StoreError> {
        self.queue.write(move |tx| restore::decide_all(tx, forget_before, &decide)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.readers.read(|db| session::load(db, id))
    }

    async fn user(&self, project_id: ProjectId, id: UserId) -> Result<Option<User>, StoreError> {
        self.readers.read(|db| user::load(db, project_id, id))
    }

    async fn users(&self, query: UserQuery) -> Result<Vec<User>, StoreError> {
        self.readers.read(|db| user::list(db, &query))
    }

    async fn identities(&self, id: UserId) -> Result<Vec<Identity>, StoreError> {
        self.readers.read(|db| user::identities(db, id))
    }

    async fn decide_user<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        id: UserId,
        decide: impl Decide<User, UserDecision<A>>,
    ) -> Result<A, StoreError> {
        let (answer, entry) = self.queue.write(move |tx| user::decide(tx, (project_id, id), &decide)).await?;
        self.news.tell_of(entry);
        Ok(answer)
    }

    async fn sessions_of_user(
        &self,
        project_id: ProjectId,
        id: UserId,
        after: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        self.readers.read(|db| session::of_user(db, (project_id, id), after, limit))
    }

    async fn audit_events(&self, filter: EventFilter, limit: u32) -> Result<Vec<RecordedEvent>, StoreError> {
        self.readers.read(|db| audit::newest(db, &filter, limit))
    }

    async fn revocations(
        &self,
        project_id: ProjectId,
        position: Option<u64>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Stretch, StoreError> {
        self.readers.read(|db| revocation::stretch(db, project_id, position, limit, now))
    }

    async fn revoked_beyond(&self, position: u64) {
        self.news.beyond(position).await;
    }

    async fn purge(&self, before: PurgeBefore) -> Result<Purged, StoreError> {
        let sweep = Arc::clone(&self.sweep);
        self.queue.write(move |tx| purge::purge(tx, &sweep, before)).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.queue.write(|_| Ok(())).await
    }
}
