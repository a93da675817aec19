//! Transactions: begun, decided, committed; begun again where they met another; and never acknowledged on a guess.
//!
//! A connection that breaks while COMMIT is under way leaves unknown what became of it. So every transaction that writes adds a row
//! of its own to `commits`. Whoever lost the connection adds that row again: if it is there, the transaction was committed; if it
//! was not, it never can be any more, for it would have to add the same row.

use super::{
    database::{Database, pause},
    known::{self, Found},
    query::{Db, Values},
};
use crate::{
    error::{Fault, unavailable},
    row::{Columns, Row},
};
use authmint_domain::port::StoreError;
use authmint_protocol::id::SessionId;
use std::{
    collections::BTreeSet,
    ops::{ControlFlow, Deref},
    sync::atomic::{AtomicU64, Ordering},
};
use tokio_postgres::error::SqlState;
use uuid::Uuid;

/// How often a row that is there already is taken for a race that was lost, before it is a conflict.
const RACES: u32 = 4;

/// A row of its own, by the database's clock and chance.
const MARK: &str = "INSERT INTO commits (id, at)
    VALUES (gen_random_uuid(), (extract(epoch FROM clock_timestamp()) * 1000)::bigint) RETURNING id";

/// The time-out ends before COMMIT: a wait for a standby that were cut short would pass for done.
const COMMIT: &str = "SET LOCAL statement_timeout = 0; COMMIT";

/// One transaction on a connection of its own.
pub(super) struct Tx<'d> {
    pub(super) database: &'d Database,
    // None once it has ended.
    db: Option<Db>,
    // Its row in `commits`.
    id: Uuid,
    written: AtomicU64,
}

/// Questions are asked as on any connection.
impl Deref for Tx<'_> {
    type Target = Db;

    fn deref(&self) -> &Db {
        self.db.as_ref().expect("a transaction is not used after its end")
    }
}

/// Why a transaction was not committed.
pub(super) enum Undone {
    /// It met another, or the database was away: to be begun again.
    Again(Fault),
    /// Another try would end the same.
    For(Fault),
}

impl From<Fault> for Undone {
    fn from(fault: Fault) -> Self {
        if fault.passes() { Self::Again(fault) } else { Self::For(fault) }
    }
}

impl<'d> Tx<'d> {
    /// Begins a transaction.
    pub(super) async fn begin(database: &'d Database) -> Result<Self, Undone> {
        Ok(Self::begin_locking(database, &BTreeSet::new()).await?.0)
    }

    /// Begins a transaction, and locks these sessions in the same round trip.
    pub(super) async fn begin_locking(
        database: &'d Database,
        ids: &BTreeSet<SessionId>,
    ) -> Result<(Self, Found), Undone> {
        let db = database.connection().await?;
        let mut tx = Self { database, db: Some(db), id: Uuid::nil(), written: AtomicU64::new(0) };
        // Sent one after another, answered together.
        let read = |row: &dyn Row| Columns::only::<[u8; 16]>(row, "commits", "id");
        let locked = known::lock(database, &tx, ids);
        let begun =
            async { tokio::try_join!(biased; tx.batch("BEGIN"), tx.one(MARK, &[], read), locked) }.await;
        match begun {
            Ok(((), id, found)) => {
                tx.id =
                    id.map(Uuid::from_bytes).ok_or_else(|| Fault::refused("a transaction has no mark"))?;
                Ok((tx, found))
            }
            Err(fault) => Err(tx.undo(fault).await),
        }
    }

    /// Runs a statement and answers how many rows it wrote: from the first on there is something to commit.
    pub(super) async fn execute(&self, sql: &str, values: Values<'_>) -> Result<u64, Fault> {
        let written = Db::execute(self, sql, values).await?;
        self.written.fetch_add(written, Ordering::Relaxed);
        Ok(written)
    }

    /// Learns whether the database takes writes: it took the mark of this very transaction.
    pub(super) async fn may_write(&self) -> Result<(), Fault> {
        self.one("SELECT id FROM commits WHERE id = $1", &[&self.id], |_| Ok(()))
            .await?
            .ok_or_else(|| Fault::refused("the database keeps nothing"))
    }

    /// Asks by a statement that writes: its rows count as written.
    pub(super) async fn write_asking<T>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: impl Fn(&dyn Row) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        self.written.fetch_add(1, Ordering::Relaxed);
        self.one(sql, values, read).await
    }

    /// Commits what was written, or undoes everything; answers once it is known which.
    pub(super) async fn end<A>(mut self, outcome: Result<A, Fault>) -> Result<A, Undone> {
        let answer = match outcome {
            Ok(answer) => answer,
            Err(fault) => return Err(self.undo(fault).await),
        };
        if self.written.load(Ordering::Relaxed) == 0 {
            self.roll_back().await;
            return Ok(answer);
        }
        let Err(fault) = self.batch(COMMIT).await else {
            self.db = None;
            return Ok(answer);
        };
        if fault.is_outcome_known() {
            return Err(self.undo(fault).await);
        }
        self.discard();
        tracing::warn!(reason = %StoreError::from(fault), "the connection was lost during a commit; looking for what became of it");
        if self.database.was_committed(self.id).await {
            Ok(answer)
        } else {
            Err(Undone::Again(Fault::refused("the commit was lost")))
        }
    }

    async fn undo(&mut self, fault: Fault) -> Undone {
        if fault.is_lost() {
            self.discard();
        } else {
            self.roll_back().await;
        }
        fault.into()
    }

    async fn roll_back(&mut self) {
        if self.batch("ROLLBACK").await.is_ok() {
            self.db = None;
        } else {
            self.discard();
        }
    }

    fn discard(&mut self) {
        if let Some(db) = self.db.take() {
            db.discard();
        }
    }
}

impl Drop for Tx<'_> {
    /// What was left in the middle must not be found by the next who is given the connection.
    fn drop(&mut self) {
        self.discard();
    }
}

impl Fault {
    /// Whether the server's answer to COMMIT says that nothing was committed.
    fn is_outcome_known(&self) -> bool {
        let unknown = SqlState::from_code("40003");
        matches!(self, Self::Postgres(error) if error.code().is_some_and(|code| *code != unknown) && !self.is_lost())
    }
}

impl Database {
    /// Whether a transaction was committed; from the answer on, one that was not cannot be any more.
    ///
    /// It asks until it is told, as long as its caller has patience.
    async fn was_committed(&self, id: Uuid) -> bool {
        for tries in 0.. {
            match self.mark(id).await {
                Ok(()) => return false,
                Err(Fault::Postgres(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                    return true;
                }
                Err(_) => tokio::time::sleep(pause(tries)).await,
            }
        }
        false
    }

    async fn mark(&self, id: Uuid) -> Result<(), Fault> {
        const MARK: &str = "INSERT INTO commits (id, at)
            VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)";
        let db = self.connection().await?;
        let marked = db.execute(MARK, &[&id]).await;
        if marked.is_err() {
            db.discard();
        }
        marked.map(drop)
    }
}

/// The tries of one piece of work.
#[derive(Default)]
pub(super) struct Attempts {
    tries: u32,
    races: u32,
}

impl Attempts {
    /// Takes the outcome of a try: the answer, or another try after a pause.
    pub(super) async fn after<A>(
        &mut self,
        database: &Database,
        outcome: Result<A, Undone>,
    ) -> ControlFlow<Result<A, StoreError>> {
        let fault = match outcome {
            Ok(answer) => {
                return ControlFlow::Break(Ok(answer));
            }
            Err(Undone::For(fault)) => {
                database.counters.undone();
                return ControlFlow::Break(Err(fault.into()));
            }
            Err(Undone::Again(fault)) => fault,
        };
        database.counters.undone();
        if fault.is_race() {
            self.races += 1;
            if self.races > RACES {
                return ControlFlow::Break(Err(fault.into()));
            }
        }
        if self.tries > 0 || fault.is_lost() {
            tokio::time::sleep(pause(self.tries)).await;
        }
        self.tries += 1;
        ControlFlow::Continue(())
    }
}

impl Fault {
    fn is_race(&self) -> bool {
        match self {
            Self::Taken { .. } => true,
            Self::Postgres(error) => error.code() == Some(&SqlState::UNIQUE_VIOLATION),
            _ => false,
        }
    }
}

/// Runs work in a transaction, again where it met another, and answers when it is durable: as a task of its own, so that a caller
/// who leaves does not leave a transaction open.
macro_rules! transact {
    ($store:expr, |$tx:ident| $work:expr) => {{
        let database = std::sync::Arc::clone(&$store.database);
        $crate::postgres::transaction::finished(tokio::spawn(async move {
            let work = async {
                let mut attempts = $crate::postgres::transaction::Attempts::default();
                loop {
                    let outcome = match $crate::postgres::transaction::Tx::begin(&database).await {
                        Ok(begun) => {
                            let $tx = &begun;
                            let outcome = $work.await;
                            begun.end(outcome).await
                        }
                        Err(undone) => Err(undone),
                    };
                    if let std::ops::ControlFlow::Break(answer) = attempts.after(&database, outcome).await {
                        break answer;
                    }
                }
            };
            let answer = database.patiently(work).await?;
            if answer.is_ok() {
                database.counters.committed(1);
            }
            answer
        }))
        .await
    }};
}
pub(super) use transact;

/// What a task answers; a panic in it is its caller's alone.
pub(super) async fn finished<A>(
    task: tokio::task::JoinHandle<Result<A, StoreError>>,
) -> Result<A, StoreError> {
    task.await.unwrap_or_else(|_| Err(unavailable("a decision panicked; nothing was changed")))
}
