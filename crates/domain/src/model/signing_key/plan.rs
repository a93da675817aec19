//! What is to be done about the signing keys at a moment, for each algorithm that a project asks for.

use super::{KeyState, SigningKey};
use crate::model::policy::LONGEST_JWT_TTL;
use authmint_protocol::{time::Timestamp, token::algorithm::Algorithm};
use std::time::Duration;

/// The spans of a key's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// How long a key signs.
    pub rotate_every: Duration,
    /// How long a key is published before it signs: longer than anybody keeps a copy of the key set.
    pub publish_ahead: Duration,
    /// How long a key is published after it has signed: the longest life of a JWT, and what clocks differ by.
    pub publish_after: Duration,
}

/// What is done unless an operator wants it otherwise.
pub const SCHEDULE: Schedule = Schedule {
    rotate_every: Duration::from_secs(30 * 86_400),
    publish_ahead: Duration::from_secs(15 * 60),
    publish_after: LONGEST_JWT_TTL.saturating_add(Duration::from_secs(5 * 60)),
};

/// However far away the next change is, it is looked for once a day.
const LOOK_AGAIN: Duration = Duration::from_secs(86_400);

/// One change of one key.
#[derive(Debug, Clone)]
pub enum KeyStep {
    /// A new key is published.
    Add(SigningKey),
    /// A key enters another state; the store repeats the one that it leaves in its `WHERE`.
    Move {
        /// The name of the state that it leaves.
        from: &'static str,
        /// The key as it is from now on.
        to: SigningKey,
    },
    /// Nothing under this key can be valid any more.
    Forget {
        /// Which key.
        kid: String,
    },
}

/// What is to be done now, and when to look again.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The changes, in this order.
    pub steps: Vec<KeyStep>,
    /// The algorithms for which a key must be generated before the plan is whole, one entry a key.
    pub missing: Vec<Algorithm>,
    /// When the next change falls due, if nobody changes anything before.
    pub due: Timestamp,
}

/// Decides over all keys: `wanted` are the algorithms in use, `fresh` next keys that were generated for this.
///
/// An algorithm in use has one active key and one next key at any time, so a revoked key is replaced by one that
/// verifiers know already. A key of an algorithm that is out of use retires when it would have rotated.
#[must_use]
pub fn plan(
    keys: &[SigningKey],
    wanted: &[Algorithm],
    fresh: &[SigningKey],
    schedule: &Schedule,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan { steps: Vec::new(), missing: Vec::new(), due: now.after(LOOK_AGAIN) };
    for algorithm in Algorithm::ALL {
        let of = |key: &&SigningKey| key.algorithm() == algorithm;
        let mut fresh = fresh.iter().filter(of).cloned();
        let active = keys.iter().filter(of).find(|key| matches!(key.state, KeyState::Active { .. })).cloned();
        let next = keys.iter().filter(of).find(|key| matches!(key.state, KeyState::Next { .. })).cloned();
        if wanted.contains(&algorithm) {
            plan.keep(active, next, &mut fresh, algorithm, schedule, now);
        } else {
            plan.wind_up(active, next, schedule, now);
        }
    }
    for key in keys {
        if let KeyState::Retired { at } = key.state {
            if plan.is_due(at.after(schedule.publish_after), now) {
                plan.steps.push(KeyStep::Forget { kid: key.kid.clone() });
            }
        }
    }
    plan
}

impl Plan {
    /// One active key and one next key, and a change of the two in time.
    fn keep(
        &mut self,
        active: Option<SigningKey>,
        next: Option<SigningKey>,
        fresh: &mut impl Iterator<Item = SigningKey>,
        algorithm: Algorithm,
        schedule: &Schedule,
        now: Timestamp,
    ) {
        let (active, next) = match (active, next) {
            (Some(active), Some(next)) => {
                let usable_at = next.created_at.after(schedule.publish_ahead);
                if !self.is_due(ends_at(&active, schedule).max(usable_at), now) {
                    return;
                }
                self.move_to(active.retire(now));
                (None, Some(next))
            }
            other => other,
        };
        if active.is_none() {
            // Nobody signs: the next key does so at once, and a new one if there is none.
            match next {
                Some(next) => self.move_to(next.activate(now)),
                None => match fresh.next().map(|key| key.activate(now)) {
                    Some(Ok(key)) => self.steps.push(KeyStep::Add(key)),
                    _ => self.missing.push(algorithm),
                },
            }
        }
        match fresh.next() {
            Some(key) => self.steps.push(KeyStep::Add(key)),
            None => self.missing.push(algorithm),
        }
        self.is_due(now.after(schedule.publish_ahead), now);
    }

    /// No project asks for this algorithm any more; one may again until the key would have rotated.
    fn wind_up(
        &mut self,
        active: Option<SigningKey>,
        next: Option<SigningKey>,
        schedule: &Schedule,
        now: Timestamp,
    ) {
        let over = active.as_ref().is_none_or(|key| self.is_due(ends_at(key, schedule), now));
        if !over {
            return;
        }
        if let Some(active) = active {
            self.move_to(active.retire(now));
        }
        if let Some(next) = next {
            self.steps.push(KeyStep::Forget { kid: next.kid });
        }
    }

    fn move_to(&mut self, moved: Result<SigningKey, super::WrongState>) {
        // The caller looked at the state just now, so nothing is refused.
        if let Ok(to) = moved {
            let from = if matches!(to.state, KeyState::Active { .. }) { "next" } else { "active" };
            self.steps.push(KeyStep::Move { from, to });
        }
    }

    /// Whether that moment has come; else it is one to look again at.
    fn is_due(&mut self, at: Timestamp, now: Timestamp) -> bool {
        if now < at {
            self.due = self.due.min(at);
        }
        now >= at
    }
}

fn ends_at(active: &SigningKey, schedule: &Schedule) -> Timestamp {
    match active.state {
        KeyState::Active { since, .. } => since.after(schedule.rotate_every),
        _ => Timestamp::EPOCH,
    }
}
