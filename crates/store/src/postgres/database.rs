//! The pool of connections, and what the database says when it cannot serve.

use super::{
    connect::Connecting,
    known::Known,
    query::{Db, Values},
};
use crate::{
    PostgresOptions,
    counts::WriteCounters,
    error::{Fault, OpenError, unavailable},
    row::Row,
};
use authmint_domain::port::StoreError;
use authmint_protocol::time::Timestamp;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime};
use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio_postgres::error::SqlState;

/// What every part of the store needs of the database.
pub(super) struct Database {
    pool: Pool,
    pub(super) options: PostgresOptions,
    pub(super) counters: Arc<WriteCounters>,
    pub(super) known: Known,
    last_audit_number: AtomicU64,
    /// Whether the database tells those who listen: some that speak PostgreSQL's protocol do not.
    pub(super) notifies: AtomicBool,
}

impl Database {
    pub(super) fn new(
        connecting: &Connecting,
        options: PostgresOptions,
        counters: Arc<WriteCounters>,
    ) -> Result<Self, OpenError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(connecting.config.clone(), connecting.tls.clone(), recycling);
        let settings = format!(
            "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}",
            options.statement_timeout.as_millis(),
            (options.patience * 2).as_millis(),
        );
        let prepare = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            let settings = settings.clone();
            Box::pin(async move { client.batch_execute(&settings).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(options.connections.max(2))
            .runtime(Runtime::Tokio1)
            // The server's process that was used last has its plans and pages at hand.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(options.patience))
            .create_timeout(Some(options.connect_timeout))
            .post_create(prepare)
            .build()
            .map_err(|error| OpenError::Database { reason: error.to_string() })?;
        Ok(Self {
            pool,
            known: Known::new(options.known_sessions),
            options,
            counters,
            last_audit_number: AtomicU64::new(0),
            notifies: AtomicBool::new(false),
        })
    }

    /// A connection of the pool.
    pub(super) async fn connection(&self) -> Result<Db, Fault> {
        self.pool.get().await.map(Db::new).map_err(Fault::from)
    }

    /// Asks once, and once more where the connection turned out to be dead.
    pub(super) async fn one<T: Send>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: impl Fn(&dyn Row) -> Result<T, Fault> + Send + Sync,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(sql, values, read).await?.into_iter().next())
    }

    /// The same, for all rows.
    pub(super) async fn all<T: Send>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: impl Fn(&dyn Row) -> Result<T, Fault> + Send + Sync,
    ) -> Result<Vec<T>, StoreError> {
        let asked = async {
            let mut tries = 0;
            loop {
                let answer = self.ask(sql, values, &read).await;
                match answer {
                    Err(fault) if fault.passes() => tokio::time::sleep(pause(tries)).await,
                    answer => return answer,
                }
                tries += 1;
            }
        };
        self.patiently(asked).await?.map_err(StoreError::from)
    }

    async fn ask<T>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: &(impl Fn(&dyn Row) -> Result<T, Fault> + Send + Sync),
    ) -> Result<Vec<T>, Fault> {
        let db = self.connection().await?;
        let answer = db.all(sql, values, read).await;
        if answer.as_ref().is_err_and(Fault::is_lost) {
            db.discard();
        }
        answer
    }

    /// Gives up when patience ends.
    pub(super) async fn patiently<T>(&self, work: impl Future<Output = T>) -> Result<T, StoreError> {
        let late = |_| unavailable("the database did not answer in time");
        tokio::time::timeout(self.options.patience, work).await.map_err(late)
    }

    /// A number for a line of the audit trail: greater than all that this process gave, and near those that others give now.
    ///
    /// Milliseconds, and ten bits that tell apart what happens within one. A browser's numbers hold it until 2248.
    pub(super) fn audit_number(&self, at: Timestamp) -> i64 {
        let millis = at.unix_millis().unsigned_abs();
        let drawn = millis << 10 | (RandomState::new().build_hasher().finish() & 0x3ff);
        let next = |last: u64| Some(drawn.max(last + 1));
        let ordering = Ordering::Relaxed;
        let last = self.last_audit_number.fetch_update(ordering, ordering, next).unwrap_or(drawn);
        crate::row::signed(drawn.max(last + 1))
    }
}

/// How long to wait before another try: twice as long each time, up to a second, and never the same for two who wait.
pub(super) fn pause(tries: u32) -> Duration {
    let most = (4_u64 << tries.min(8)).min(1000);
    // Whoever knows these numbers gains nothing: they only keep a crowd from coming back in step.
    let drawn = RandomState::new().build_hasher().finish();
    Duration::from_millis(most / 2 + drawn % (most / 2 + 1))
}

impl Fault {
    /// Whether the same may succeed soon: contention, or a database that is away.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Taken { .. } | Self::Pool(_) => true,
            Self::Postgres(error) => match error.code() {
                Some(code) => {
                    *code == SqlState::T_R_SERIALIZATION_FAILURE
                        || *code == SqlState::T_R_DEADLOCK_DETECTED
                        || *code == SqlState::UNIQUE_VIOLATION
                        || *code == SqlState::LOCK_NOT_AVAILABLE
                        || is_lost(code)
                }
                None => true,
            },
            Self::Driver(_) | Self::Port(_) => false,
        }
    }

    /// Whether the connection is of no more use.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Postgres(error) => error.code().is_none_or(is_lost),
            Self::Pool(_) => true,
            _ => false,
        }
    }
}

/// What a server says that ends, begins, or may not write: class 08, its shutdown (57P), too many connections, a standby.
fn is_lost(code: &SqlState) -> bool {
    let text = code.code();
    text.starts_with("08")
        || text.starts_with("57P")
        || *code == SqlState::TOO_MANY_CONNECTIONS
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
}
