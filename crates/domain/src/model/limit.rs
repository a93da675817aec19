//! How often something may be done: the generic cell rate algorithm, one timestamp a key.
//!
//! GCRA (ITU-T I.371) keeps the *theoretical arrival time*: the moment up to which the allowance is spent. A key whose
//! time lies at most `period × (burst − 1)` ahead of now may act, and pays one `period`.

use authmint_protocol::time::Timestamp;
use std::time::Duration;

/// An allowance: `burst` at once, and one more each `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How long one act uses up.
    pub period: Duration,
    /// How many acts may come at once.
    pub burst: u32,
}

/// Who is limited and in what: the text under which the row is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey(String);

impl LimitKey {
    /// Names a row by what is limited and whose allowance it is.
    #[must_use]
    pub fn new(what: &'static str, whose: &str) -> Self {
        Self(format!("{what}/{whose}"))
    }

    /// The text of the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The allowance is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// When the next act may come.
    pub retry_after: Duration,
}

impl Limit {
    /// Pays for one act: the new spent-until time, given the old one.
    ///
    /// # Errors
    /// [`Spent`] with the time to wait; nothing is paid then, so that waiting always helps.
    pub fn pay(self, spent_until: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Spent> {
        // Nobody can have spent more than the whole burst: what lies further ahead was paid before the clock was set back,
        // and must not lock anybody out until it is there again.
        let most = now.after(self.period * self.burst);
        let start = spent_until.filter(|&until| until <= most).unwrap_or(now).max(now);
        let slack = self.period * self.burst.saturating_sub(1);
        match start.since(now).checked_sub(slack) {
            None | Some(Duration::ZERO) => Ok(start.after(self.period)),
            Some(wait) => Err(Spent { retry_after: wait }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { period: Duration::from_secs(10), burst: 3 };

    #[test]
    fn a_burst_passes_then_one_each_period() {
        let now = Timestamp::from_unix_seconds(1000);
        let mut spent = None;
        for _ in 0..3 {
            spent = Some(LIMIT.pay(spent, now).unwrap());
        }
        assert_eq!(LIMIT.pay(spent, now), Err(Spent { retry_after: Duration::from_secs(10) }));
        let later = now.after(Duration::from_secs(10));
        spent = Some(LIMIT.pay(spent, later).unwrap());
        assert!(LIMIT.pay(spent, later).is_err());
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out_and_the_limit_holds_again_at_once() {
        let now = Timestamp::from_unix_seconds(1_000_000);
        let mut spent = Some(LIMIT.pay(None, now).unwrap());
        let back = now.before(Duration::from_secs(86_400));
        for _ in 0..3 {
            spent = Some(LIMIT.pay(spent, back).unwrap());
        }
        assert_eq!(LIMIT.pay(spent, back), Err(Spent { retry_after: LIMIT.period }));
    }

    #[test]
    fn a_long_rest_gives_no_more_than_the_burst() {
        let mut spent = Some(Timestamp::EPOCH);
        let now = Timestamp::from_unix_seconds(1_000_000);
        for _ in 0..3 {
            spent = Some(LIMIT.pay(spent, now).unwrap());
        }
        assert!(LIMIT.pay(spent, now).is_err());
    }
}
