//! The write-ahead log's way into the database, off the path of whoever waits for a commit.
//!
//! A checkpoint writes as many pages as rows were changed and waits for the disk twice; run by the writer, as SQLite
//! does by itself, every caller of that moment waits with it. Here a thread with a connection of its own copies what
//! there is while the writer goes on, again for what came meanwhile, and the writer copies the few pages left: only
//! who commits can say that the log is at its end, and only then does SQLite begin it anew.

use super::{connection::Opening, lock::lock};
use crate::error::OpenError;
use rusqlite::Connection;
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::JoinHandle,
};

/// Pages that are left to the writer: few enough that nobody notices.
const LEFT_TO_WRITER: i64 = 128;
/// How often the thread goes after what came meanwhile; under the heaviest load each time leaves a fraction of the last.
const PASSES: u32 = 3;

/// How far the log's way is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// Nobody copies.
    #[default]
    Resting,
    /// The thread is to copy, or does.
    Copying,
    /// The rest is the writer's.
    Copied,
    /// The store is closing.
    Closed,
}

#[derive(Default)]
struct Shared {
    phase: Mutex<Phase>,
    moved: Condvar,
}

/// The thread that copies, as the writer holds it.
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Where the count of changes stood at the last checkpoint.
    counted_from: u64,
    /// How many changes make another one due.
    due_after: u64,
}

impl Checkpointer {
    pub(super) fn start(opening: &Opening) -> Result<Self, OpenError> {
        let connection = opening.checkpointer()?;
        let shared = Arc::new(Shared::default());
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.copy_when_asked(&connection)
            })
            .map_err(OpenError::Thread)?;
        Ok(Self { shared, thread: Some(thread), counted_from: 0, due_after: opening.log_pages.into() })
    }

    /// Between two groups: asks for a copy if enough was written, or ends the one that was made.
    pub(super) fn after_commit(&mut self, writer: &Connection) {
        let changes = writer.total_changes();
        // A connection that was replaced counts from the start.
        let due = changes.saturating_sub(self.counted_from) >= self.due_after;
        self.counted_from = self.counted_from.min(changes);
        let mut phase = lock(&self.shared.phase);
        match *phase {
            Phase::Resting if due => {
                *phase = Phase::Copying;
                self.shared.moved.notify_one();
                self.counted_from = changes;
            }
            Phase::Copied => {
                *phase = Phase::Resting;
                drop(phase);
                copy(writer);
            }
            Phase::Resting | Phase::Copying | Phase::Closed => {}
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        *lock(&self.shared.phase) = Phase::Closed;
        self.shared.moved.notify_one();
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

impl Shared {
    fn copy_when_asked(&self, connection: &Connection) {
        while self.is_asked() {
            for _ in 0..PASSES {
                if copy(connection) <= LEFT_TO_WRITER {
                    break;
                }
            }
            let mut phase = lock(&self.phase);
            if *phase == Phase::Copying {
                *phase = Phase::Copied;
            }
        }
    }

    /// Waits to be asked; `false` once the store closes.
    fn is_asked(&self) -> bool {
        let waiting = |phase: &mut Phase| matches!(phase, Phase::Resting | Phase::Copied);
        let phase = self.moved.wait_while(lock(&self.phase), waiting).unwrap_or_else(PoisonError::into_inner);
        *phase == Phase::Copying
    }
}

/// Copies what no reader still needs, waiting for nobody; answers how many pages are left in the log.
///
/// What fails is not lost: the pages stay in the log, and the next checkpoint finds them.
fn copy(connection: &Connection) -> i64 {
    let pages = connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
        .and_then(|mut pragma| pragma.query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)));
    match pages {
        Ok(left) => left,
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log could not be copied into the database; it will be tried again");
            0
        }
    }
}
