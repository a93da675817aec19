//! The one writer: what waits is run in one transaction, and answered when that is durable.
//!
//! Committing in groups lets many callers share one wait for the disk, and lets the jobs of a group see each other's
//! work in order: fifty refreshes of one token are one write and forty-nine answers from it.

use super::{checkpoint::Checkpointer, connection::Opening, lock::lock};
use crate::{
    Writer,
    counts::WriteCounters,
    error::{Fault, OpenError, unavailable},
};
use authmint_domain::port::StoreError;
use rusqlite::Connection;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};
use tokio::{runtime::Handle, sync::oneshot};

/// Jobs in one transaction: enough to share the disk's wait, few enough that the first does not wait for the last.
const GROUP: usize = 512;
/// From this many jobs in a group on there is a crowd, and the writer waits a moment for it to gather again.
const CROWD: usize = 8;
/// For how long: less than a commit takes.
const LINGER: Duration = Duration::from_micros(250);
/// Jobs that may wait: beyond it a caller is better told to come back than left to time out.
const MOST_WAITING: usize = 16_384;

/// One caller's work inside a transaction. It may be run again if its group is undone, so it is an `Fn`.
pub(super) trait Work<A>: Fn(&Connection) -> Result<A, Fault> + Send + 'static {}
impl<A, F: Fn(&Connection) -> Result<A, Fault> + Send + 'static> Work<A> for F {}

/// Work without its type: run in a group, answered after the group's commit.
trait Job: Send {
    /// Runs the work and keeps its outcome; `false` if it failed.
    fn run(&mut self, transaction: &Connection) -> bool;
    /// Answers the caller, if it still listens; `undone` says why nothing was committed.
    fn answer(self: Box<Self>, undone: Option<&StoreError>);
    /// Where the caller runs.
    fn runtime(&self) -> Option<&Handle>;
}

struct Call<A, W> {
    work: W,
    outcome: Option<Result<A, StoreError>>,
    caller: oneshot::Sender<Result<A, StoreError>>,
    runtime: Option<Handle>,
}

impl<A: Send, W: Work<A>> Job for Call<A, W> {
    fn run(&mut self, transaction: &Connection) -> bool {
        let work = AssertUnwindSafe(|| (self.work)(transaction));
        // A panic is this caller's alone: the group and the thread go on.
        let outcome = catch_unwind(work)
            .unwrap_or_else(|_| Err(Fault::refused("a decision panicked; nothing was changed")));
        let succeeded = outcome.is_ok();
        self.outcome = Some(outcome.map_err(StoreError::from));
        succeeded
    }

    fn answer(self: Box<Self>, undone: Option<&StoreError>) {
        let outcome = match (self.outcome, undone) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(undone)) => Err(undone.clone()),
            (Some(Ok(answer)), None) => Ok(answer),
            (None, None) => Err(unavailable("the work was not run")),
        };
        let _gone = self.caller.send(outcome);
    }

    fn runtime(&self) -> Option<&Handle> {
        self.runtime.as_ref()
    }
}

/// Where writes are handed in.
pub(super) enum Queue {
    Thread { mailbox: Arc<Mailbox>, thread: Option<JoinHandle<()>> },
    Inline(Mutex<Committer>),
}

impl Queue {
    pub(super) fn start(
        writer: Writer,
        opening: Opening,
        connection: Connection,
        counters: Arc<WriteCounters>,
    ) -> Result<Self, OpenError> {
        let checkpointer = opening.checkpoints_aside.then(|| Checkpointer::start(&opening)).transpose()?;
        let mut committer = Committer { connection, opening, checkpointer, counters };
        if writer == Writer::Inline {
            return Ok(Self::Inline(Mutex::new(committer)));
        }
        let mailbox = Arc::new(Mailbox::default());
        let waiting = Arc::clone(&mailbox);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let mut last_group = 0;
                while let Some(jobs) = waiting.take(last_group) {
                    last_group = jobs.len();
                    committer.run(jobs);
                }
            })
            .map_err(OpenError::Thread)?;
        Ok(Self::Thread { mailbox, thread: Some(thread) })
    }

    /// Runs `work` in a transaction and answers when it is durable.
    pub(super) async fn write<A: Send + 'static>(&self, work: impl Work<A>) -> Result<A, StoreError> {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Call { work, outcome: None, caller, runtime: Handle::try_current().ok() });
        match self {
            Self::Thread { mailbox, .. } => mailbox.put(job)?,
            Self::Inline(committer) => lock(committer).run(vec![job]),
        }
        answer.await.unwrap_or_else(|_| Err(unavailable("the store is closed")))
    }
}

impl Drop for Queue {
    /// Waits until everything that was accepted is done.
    fn drop(&mut self) {
        if let Self::Thread { mailbox, thread } = self {
            mailbox.close();
            if let Some(thread) = thread.take() {
                let _panicked = thread.join();
            }
        }
    }
}

/// Jobs on their way to the writer: whatever piles up while it commits is its next group.
#[derive(Default)]
pub(super) struct Mailbox {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: Vec<Box<dyn Job>>,
    closed: bool,
    /// At how many jobs the writer is to be woken.
    wanted: usize,
}

impl Mailbox {
    fn put(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let mut waiting = lock(&self.waiting);
        if waiting.closed {
            return Err(unavailable("the store is closed"));
        }
        if waiting.jobs.len() >= MOST_WAITING {
            return Err(unavailable("too many writes are waiting"));
        }
        waiting.jobs.push(job);
        let wake = waiting.jobs.len() >= waiting.wanted;
        if wake {
            waiting.wanted = usize::MAX;
        }
        drop(waiting);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// All that waits, as soon as anything does; `None` when the mailbox is closed and empty.
    fn take(&self, last_group: usize) -> Option<Vec<Box<dyn Job>>> {
        let mut waiting = lock(&self.waiting);
        while waiting.jobs.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting.wanted = 1;
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if last_group >= CROWD && waiting.jobs.len() < last_group && !waiting.closed {
            // Those who were just answered are about to ask again: one wait for the disk serves them all.
            waiting.wanted = last_group;
            let woken = self.arrived.wait_timeout(waiting, LINGER).unwrap_or_else(PoisonError::into_inner);
            waiting = woken.0;
        }
        waiting.wanted = usize::MAX;
        Some(std::mem::take(&mut waiting.jobs))
    }

    fn close(&self) {
        lock(&self.waiting).closed = true;
        self.arrived.notify_one();
    }
}

/// Who holds the connection that writes.
pub(super) struct Committer {
    // In this order: the connection that writes is the last to close, and tidies the log away.
    checkpointer: Option<Checkpointer>,
    connection: Connection,
    opening: Opening,
    counters: Arc<WriteCounters>,
}

/// Why a group was not committed.
enum Undone {
    /// The transaction could not begin: no job was run.
    NotBegun(StoreError),
    /// Everything was rolled back.
    RolledBack(StoreError),
}

impl Committer {
    fn run(&mut self, jobs: Vec<Box<dyn Job>>) {
        let mut jobs = jobs.into_iter();
        loop {
            let group: Vec<_> = jobs.by_ref().take(GROUP).collect();
            if group.is_empty() {
                break;
            }
            self.run_group(group);
        }
    }

    /// Commits a group; if that fails, each of its jobs alone, so that one that cannot be written fails alone.
    fn run_group(&mut self, mut group: Vec<Box<dyn Job>>) {
        let outcome = self.commit(&mut group);
        if outcome.is_err() {
            self.counters.undone();
        }
        match outcome {
            Err(Undone::RolledBack(_)) if group.len() > 1 => {
                for job in group {
                    self.run_group(vec![job]);
                }
            }
            Ok(()) => {
                self.counters.committed(group.len());
                answer(group, None);
                if let Some(checkpointer) = &mut self.checkpointer {
                    checkpointer.after_commit(&self.connection);
                }
            }
            Err(Undone::NotBegun(reason) | Undone::RolledBack(reason)) => {
                tracing::warn!(jobs = group.len(), %reason, "nothing was committed");
                answer(group, Some(reason));
            }
        }
    }

    fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), Undone> {
        let tx = &self.connection;
        if let Err(error) = execute(tx, "BEGIN IMMEDIATE") {
            self.clear();
            return Err(Undone::NotBegun(unavailable(&error)));
        }
        for job in group {
            let changes = tx.total_changes();
            // A failed job that changed nothing needs no undoing; the database may have ended the transaction itself.
            if !job.run(tx) && (tx.is_autocommit() || tx.total_changes() != changes) {
                self.clear();
                return Err(Undone::RolledBack(unavailable("another write of the same group failed")));
            }
        }
        if let Err(error) = execute(tx, "COMMIT") {
            self.clear();
            return Err(Undone::RolledBack(unavailable(&error)));
        }
        Ok(())
    }

    /// Leaves no transaction open; a connection that cannot even roll back is replaced.
    fn clear(&mut self) {
        if self.connection.is_autocommit() || execute(&self.connection, "ROLLBACK").is_ok() {
            return;
        }
        match self.opening.writer() {
            Ok(connection) => self.connection = connection,
            Err(error) => tracing::error!(%error, "the database could not be opened again"),
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Answers that are sent when this is dropped, wherever that is: none is ever lost.
struct Answers {
    group: Vec<Box<dyn Job>>,
    undone: Option<StoreError>,
}

impl Drop for Answers {
    fn drop(&mut self) {
        for job in self.group.drain(..) {
            job.answer(self.undone.as_ref());
        }
    }
}

/// Waking a crowd from outside its runtime costs a system call each; from inside, next to nothing.
fn answer(group: Vec<Box<dyn Job>>, undone: Option<StoreError>) {
    let runtime = group.first().filter(|_| group.len() >= CROWD).and_then(|job| job.runtime()).cloned();
    let answers = Answers { group, undone };
    match runtime {
        Some(runtime) => drop(runtime.spawn(async move { drop(answers) })),
        None => drop(answers),
    }
}
