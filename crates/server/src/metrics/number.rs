//! What is counted: plain atomic numbers, found once and then only added to.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
};

/// Only grows.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// How many there are just now.
#[derive(Default)]
pub(crate) struct Gauge(AtomicI64);

/// One of them, until this is dropped.
pub(crate) struct Entered<'g>(&'g Gauge);

impl Gauge {
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.0.fetch_add(1, Relaxed);
        Entered(self)
    }

    pub(crate) fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// How often something took how long.
#[derive(Default)]
pub(crate) struct Histogram {
    /// One more than there are bounds: the last holds what is above all of them.
    within: [AtomicU64; Self::BOUNDS_MS.len() + 1],
    sum_ms: AtomicU64,
}

impl Histogram {
    /// The upper bounds, in milliseconds: from what a signature takes to what a person no longer waits for.
    pub(super) const BOUNDS_MS: [u64; 13] =
        [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 30_000];

    pub(crate) fn record(&self, ms: u64) {
        let index = Self::BOUNDS_MS.partition_point(|bound| *bound < ms);
        self.within[index].fetch_add(1, Relaxed);
        self.sum_ms.fetch_add(ms, Relaxed);
    }

    /// How many were at most as long as each bound, then how many there were at all.
    pub(super) fn cumulated(&self) -> [u64; Self::BOUNDS_MS.len() + 1] {
        let mut sum = 0;
        std::array::from_fn(|index| {
            sum += self.within[index].load(Relaxed);
            sum
        })
    }

    pub(super) fn sum_ms(&self) -> u64 {
        self.sum_ms.load(Relaxed)
    }
}

/// Counts by label, for what is rare enough to take a lock. A label is a text of this program, so there are few.
#[derive(Default)]
pub(crate) struct Tally<const LABELS: usize>(Mutex<BTreeMap<[&'static str; LABELS], u64>>);

impl<const LABELS: usize> Tally<LABELS> {
    pub(crate) fn add(&self, labels: [&'static str; LABELS], count: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(labels).or_default() += count;
    }

    pub(super) fn all(&self) -> Vec<([&'static str; LABELS], u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(labels, count)| (*labels, *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_each_value_within_every_bound_that_holds_it() {
        let histogram = Histogram::default();
        for ms in [0, 1, 2, 3, 30_000, 30_001] {
            histogram.record(ms);
        }
        let counts = histogram.cumulated();
        assert_eq!((counts[0], counts[1], counts[2]), (2, 3, 4));
        assert_eq!((counts[12], counts[13]), (5, 6));
        assert_eq!(histogram.sum_ms(), 60_007);
    }

    #[test]
    fn who_left_is_not_counted_any_more() {
        let gauge = Gauge::default();
        let (one, other) = (gauge.enter(), gauge.enter());
        drop(one);
        assert_eq!(gauge.get(), 1);
        drop(other);
        assert_eq!(gauge.get(), 0);
    }
}
