//! The one clock of the service.

use authmint_domain::port::{Clock, Store, StoreError};
use authmint_protocol::time::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The clock of a service; a copy is the same clock.
#[derive(Debug, Clone)]
pub struct ServiceClock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System,
    /// The system's time plus milliseconds that somebody added.
    Shifted(Arc<AtomicI64>),
    /// Milliseconds since the Unix epoch that only [`ServiceClock::advance`] changes.
    Manual(Arc<AtomicI64>),
    /// The system's time plus the milliseconds by which the store's is ahead of it.
    OfStore(Arc<AtomicI64>),
}

/// This clock is the system's: nobody moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this service runs on the system's clock; start it with --virtual-clock to move its time")]
pub struct ClockIsFixed;

impl ServiceClock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// The clock of the store, where it has one of its own and several processes share it: ages are the same for all of them. The
    /// system's else.
    #[must_use]
    pub fn of_store() -> Self {
        Self(Kind::OfStore(Arc::default()))
    }

    /// Looks at the store's clock again. It was read somewhere between question and answer: in the middle, as likely as not.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot answer; the clock goes on by what was seen last.
    pub async fn set_by(&self, store: &impl Store) -> Result<(), StoreError> {
        let Kind::OfStore(ahead) = &self.0 else { return Ok(()) };
        let asked = system_now().unix_millis();
        if let Some(time) = store.time().await? {
            let middle = asked.midpoint(system_now().unix_millis());
            ahead.store(time.unix_millis() - middle, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The system's clock plus what [`advance`](Self::advance) adds: development mode.
    #[must_use]
    pub fn shiftable() -> Self {
        Self(Kind::Shifted(Arc::default()))
    }

    /// A clock that stands at `start` until somebody advances it: tests.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Kind::Manual(Arc::new(AtomicI64::new(start.unix_millis()))))
    }

    /// Whether [`advance`](Self::advance) works on it.
    #[must_use]
    pub const fn is_movable(&self) -> bool {
        matches!(self.0, Kind::Shifted(_) | Kind::Manual(_))
    }

    /// Moves the clock forward, never back, and answers the new time.
    ///
    /// # Errors
    /// [`ClockIsFixed`] if it is the system's.
    pub fn advance(&self, by: Duration) -> Result<Timestamp, ClockIsFixed> {
        match &self.0 {
            Kind::System | Kind::OfStore(_) => Err(ClockIsFixed),
            Kind::Shifted(millis) | Kind::Manual(millis) => {
                let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                let add = |at: i64| Some(at.saturating_add(by));
                // `add` always answers a value, so the update cannot fail.
                let _updated = millis.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
                Ok(self.now())
            }
        }
    }

    /// What an operator does to a system's clock that was ahead.
    #[cfg(test)]
    pub(crate) fn set_back(&self, by: Duration) {
        if let Kind::Shifted(millis) | Kind::Manual(millis) = &self.0 {
            millis.fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
        }
    }
}

impl Clock for ServiceClock {
    fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Shifted(offset) | Kind::OfStore(offset) => {
                let millis = system_now().unix_millis().saturating_add(offset.load(Ordering::Relaxed));
                Timestamp::from_unix_millis(millis)
            }
            Kind::Manual(millis) => Timestamp::from_unix_millis(millis.load(Ordering::Relaxed)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for the time")]
fn system_now() -> Timestamp {
    // A system clock before 1970 is no clock to expire anything by; the epoch itself fails every check safely.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::EPOCH.after(since_epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_still_and_its_copies_move_together() {
        let clock = ServiceClock::manual(Timestamp::from_unix_seconds(100));
        let copy = clock.clone();
        assert_eq!(clock.advance(Duration::from_secs(5)), Ok(Timestamp::from_unix_seconds(105)));
        assert_eq!(copy.now(), Timestamp::from_unix_seconds(105));
    }

    #[test]
    fn the_systems_clock_is_not_moved() {
        assert_eq!(ServiceClock::system().advance(Duration::from_secs(1)), Err(ClockIsFixed));
        assert!(ServiceClock::system().now() > Timestamp::from_unix_seconds(1_600_000_000));
    }

    #[test]
    fn a_shifted_clock_runs_ahead_and_stops_at_the_end_of_time() {
        let clock = ServiceClock::shiftable();
        let ahead = clock.advance(Duration::from_secs(86_400)).unwrap();
        assert!(ahead >= ServiceClock::system().now().after(Duration::from_secs(86_000)));
        assert!(clock.advance(Duration::MAX).unwrap() >= ahead);
        assert!(clock.advance(Duration::MAX).unwrap() >= ahead, "it never wraps");
    }
}
