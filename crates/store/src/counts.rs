//! What a store counts of its writing, for an operator's metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// What was written since the store was opened, by this process alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteCounts {
    /// Transactions that were committed; each shares one wait for the disk among its writes.
    pub groups: u64,
    /// Writes within them. Divided by `groups` it says how many callers shared a wait.
    pub writes: u64,
    /// Transactions that were undone, because one of their writes failed or the database refused the commit.
    pub undone: u64,
}

/// The counters behind [`WriteCounts`].
#[derive(Debug, Default)]
pub(crate) struct WriteCounters {
    groups: AtomicU64,
    writes: AtomicU64,
    undone: AtomicU64,
}

impl WriteCounters {
    /// A group of so many writes was committed.
    pub(crate) fn committed(&self, writes: usize) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
    }

    /// A group was undone.
    pub(crate) fn undone(&self) {
        self.undone.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> WriteCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WriteCounts { groups: of(&self.groups), writes: of(&self.writes), undone: of(&self.undone) }
    }
}
