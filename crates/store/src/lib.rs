//! How the auth service keeps its rows: the one crate that knows SQL.
//!
//! [`Store`] implements the port of [`authmint_domain::port`]. Every decision is a pure function of the domain, handed
//! in and run inside the transaction that loads the row and writes the answer; nothing here decides anything but where
//! bytes go. Concurrent work is committed in groups, so that many callers share one wait for the disk.
//!
//! Each database is a variant of [`Store`], a folder, and a line in the contract suite. Rows are read by the code in `row/`, the same
//! for both.

mod copy;
mod counts;
mod error;
mod news;
mod postgres;
mod row;
mod sqlite;
mod url;

pub use copy::{CopiedTable, CopyError, copy};
pub use counts::WriteCounts;
pub use error::{BackupError, OpenError};
pub use postgres::PostgresStore;
pub use sqlite::{SqliteStore, backup::Restoring};
pub use url::{PostgresUrl, StoreUrl, StoreUrlError};

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
use std::{path::Path, time::Duration};

/// The rows of one service, in whichever database.
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub enum Store {
    /// In a file, by the embedded database.
    Sqlite(SqliteStore),
    /// In PostgreSQL, shared with other replicas.
    Postgres(PostgresStore),
}

/// Who runs the writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Writer {
    /// A thread of its own, which commits what waits as one group.
    #[default]
    Thread,
    /// The caller, one job after another: for tests in virtual time, whose clock must not run on while a thread works.
    Inline,
}

/// How a database is opened; the defaults are those of the running service.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who runs the writes.
    pub writer: Writer,
    /// How many readers work at once.
    pub readers: usize,
    /// How long to wait for another process that holds the database before a call is answered with "not now".
    pub busy_timeout: Duration,
    /// How many pages of 4 KiB the file may grow to, where a quota is wanted; beyond it writes find the disk full.
    pub most_pages: Option<u32>,
    /// Pages of 4 KiB in the embedded database's log before they are copied into its file, where the states of a million sessions
    /// lie on 17,000: a long log is copied in runs of pages that lie side by side, which a disk takes many times faster.
    pub log_pages: u32,
    /// What concerns PostgreSQL alone.
    pub postgres: PostgresOptions,
}

/// How PostgreSQL is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// How many connections this process keeps at most; one more hears of the revocation feed.
    pub connections: usize,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long a call tries before it is answered with "not now".
    pub patience: Duration,
    /// Of how many sessions what never changes is kept in memory, half a kilobyte each: their refreshes read less.
    pub known_sessions: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 16,
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            patience: Duration::from_secs(8),
            known_sessions: 65_536,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            writer: Writer::Thread,
            readers: 4,
            busy_timeout: Duration::from_secs(5),
            most_pages: None,
            log_pages: 24_000,
            postgres: PostgresOptions::default(),
        }
    }
}

impl Store {
    /// Opens a database, makes it if it is not there, and brings it to this program's schema.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be read, is not ours, or was written by a newer program; it was left as it was then.
    pub async fn open(url: &StoreUrl, options: &Options) -> Result<Self, OpenError> {
        match url {
            StoreUrl::Sqlite(path) => SqliteStore::open(path, options).map(Self::Sqlite),
            StoreUrl::Postgres(url) => PostgresStore::open(url, options).await.map(Self::Postgres),
        }
    }

    /// What this process has written since it opened the database.
    #[must_use]
    pub fn write_counts(&self) -> WriteCounts {
        match self {
            Self::Sqlite(store) => store.write_counts(),
            Self::Postgres(store) => store.write_counts(),
        }
    }
}

/// Copies a database to a new file while a service works with it; the copy is of one moment, and checked.
///
/// # Errors
/// [`BackupError`]; no file is left behind then.
pub fn backup(url: &StoreUrl, to: &Path) -> Result<(), BackupError> {
    match url {
        StoreUrl::Sqlite(path) => sqlite::backup::backup(path, to),
        StoreUrl::Postgres(_) => Err(BackupError::Postgres),
    }
}

/// The one dispatch: each method of the port goes to the method of the same name.
macro_rules! dispatch {
    ($store:expr, $method:ident($($argument:expr),*)) => {
        match $store {
            Store::Sqlite(store) => store.$method($($argument),*).await,
            Store::Postgres(store) => store.$method($($argument),*).await,
        }
    };
}

impl port::Store for Store {
    async fn put_project(&self, project: Project) -> Result<(), StoreError> {
        dispatch!(self, put_project(project))
    }

    async fn put_api_key(&self, key: ApiKeyRecord) -> Result<(), StoreError> {
        dispatch!(self, put_api_key(key))
    }

    async fn api_key(&self, hash: [u8; 32]) -> Result<Option<(ApiKeyRecord, Project)>, StoreError> {
        dispatch!(self, api_key(hash))
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        dispatch!(self, projects())
    }

    async fn project(&self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        dispatch!(self, project(id))
    }

    async fn decide_project<A: Send + 'static>(
        &self,
        id: ProjectId,
        decide: impl Decide<Project, AdminDecision<Project, A>>,
    ) -> Result<A, StoreError> {
        dispatch!(self, decide_project(id, decide))
    }

    async fn api_keys(&self, project_id: ProjectId) -> Result<Vec<ApiKeyRecord>, StoreError> {
        dispatch!(self, api_keys(project_id))
    }

    async fn decide_api_key<A: Send + 'static>(
        &self,
        id: ApiKeyId,
        decide: impl Decide<ApiKeyRecord, AdminDecision<ApiKeyRecord, A>>,
    ) -> Result<A, StoreError> {
        dispatch!(self, decide_api_key(id, decide))
    }

    async fn operator_token(&self, hash: [u8; 32]) -> Result<Option<OperatorTokenRecord>, StoreError> {
        dispatch!(self, operator_token(hash))
    }

    async fn operator_tokens(&self) -> Result<Vec<OperatorTokenRecord>, StoreError> {
        dispatch!(self, operator_tokens())
    }

    async fn decide_operator_token<A: Send + 'static>(
        &self,
        id: OperatorTokenId,
        decide: impl Decide<OperatorTokenRecord, AdminDecision<OperatorTokenRecord, A>>,
    ) -> Result<A, StoreError> {
        dispatch!(self, decide_operator_token(id, decide))
    }

    async fn note_shown(&self, shown: Vec<(Shown, Timestamp)>) -> Result<(), StoreError> {
        dispatch!(self, note_shown(shown))
    }

    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        dispatch!(self, signing_keys())
    }

    async fn decide_signing_keys<A: Send + 'static>(
        &self,
        now: Timestamp,
        origin: Origin,
        decide: impl Fn(&SigningKeys) -> (Vec<KeyStep>, A) + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        dispatch!(self, decide_signing_keys(now, origin, decide))
    }

    async fn signing_mark(&self) -> Result<u64, StoreError> {
        dispatch!(self, signing_mark())
    }

    async fn ring_marks(&self) -> Result<Vec<(u32, [u8; 32])>, StoreError> {
        dispatch!(self, ring_marks())
    }

    async fn add_ring_mark(&self, id: u32, mark: [u8; 32]) -> Result<(), StoreError> {
        dispatch!(self, add_ring_mark(id, mark))
    }

    async fn pay_limits(
        &self,
        limits: Vec<(LimitKey, Limit)>,
        now: Timestamp,
    ) -> Result<Result<(), Spent>, StoreError> {
        dispatch!(self, pay_limits(limits, now))
    }

    async fn decide_challenge<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        email_id: EmailId,
        decide: impl Decide<EmailChallenge, ChallengeDecision<A>>,
    ) -> Result<A, StoreError> {
        dispatch!(self, decide_challenge(project_id, email_id, decide))
    }

    async fn admit(&self, admission: Admission) -> Result<Admitted, StoreError> {
        dispatch!(self, admit(admission))
    }

    async fn exchange(
        &self,
        id: OneTimeSecretId,
        now: Timestamp,
        origin: Origin,
        decide: impl Fn(&OneTimeSecretRecord, Option<&Session>) -> ExchangeDecision + Send + Sync + 'static,
    ) -> Result<Option<ExchangeDecision>, StoreError> {
        dispatch!(self, exchange(id, now, origin, decide))
    }

    async fn issuers(&self, project_id: ProjectId) -> Result<Vec<TrustedIssuer>, StoreError> {
        dispatch!(self, issuers(project_id))
    }

    async fn decide_issuers<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        decide: impl Fn(&[TrustedIssuer]) -> IssuerDecision<A> + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        dispatch!(self, decide_issuers(project_id, decide))
    }

    async fn traded(&self, project_id: ProjectId, hash: [u8; 32]) -> Result<Option<Traded>, StoreError> {
        dispatch!(self, traded(project_id, hash))
    }

    async fn trade(
        &self,
        trade: Trade,
        decide: impl Fn(TradeFacts<'_>) -> TradeDecision + Send + Sync + 'static,
    ) -> Result<Result<TradeDecision, Spent>, StoreError> {
        dispatch!(self, trade(trade, decide))
    }

    async fn decide_session<A: Send + 'static>(
        &self,
        id: SessionId,
        decide: impl Decide<Session, Decision<A>>,
    ) -> Result<A, StoreError> {
        dispatch!(self, decide_session(id, decide))
    }

    async fn decide_all_sessions(
        &self,
        forget_before: Timestamp,
        decide: impl Fn(&Session) -> Decision<bool> + Send + Sync + 'static,
    ) -> Result<u64, StoreError> {
        dispatch!(self, decide_all_sessions(forget_before, decide))
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        dispatch!(self, session(id))
    }

    async fn user(&self, project_id: ProjectId, id: UserId) -> Result<Option<User>, StoreError> {
        dispatch!(self, user(project_id, id))
    }

    async fn users(&self, query: UserQuery) -> Result<Vec<User>, StoreError> {
        dispatch!(self, users(query))
    }

    async fn identities(&self, id: UserId) -> Result<Vec<Identity>, StoreError> {
        dispatch!(self, identities(id))
    }

    async fn decide_user<A: Send + 'static>(
        &self,
        project_id: ProjectId,
        id: UserId,
        decide: impl Decide<User, UserDecision<A>>,
    ) -> Result<A, StoreError> {
        dispatch!(self, decide_user(project_id, id, decide))
    }

    async fn sessions_of_user(
        &self,
        project_id: ProjectId,
        id: UserId,
        after: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        dispatch!(self, sessions_of_user(project_id, id, after, limit))
    }

    async fn audit_events(&self, filter: EventFilter, limit: u32) -> Result<Vec<RecordedEvent>, StoreError> {
        dispatch!(self, audit_events(filter, limit))
    }

    async fn revocations(
        &self,
        project_id: ProjectId,
        position: Option<u64>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Stretch, StoreError> {
        dispatch!(self, revocations(project_id, position, limit, now))
    }

    async fn revoked_beyond(&self, position: u64) {
        dispatch!(self, revoked_beyond(position));
    }

    async fn purge(&self, before: PurgeBefore) -> Result<Purged, StoreError> {
        dispatch!(self, purge(before))
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        dispatch!(self, time())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        dispatch!(self, ready())
    }
}
