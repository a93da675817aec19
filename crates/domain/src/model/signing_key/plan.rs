//! What is to be done about the signing keys at a moment, for each algorithm that a project asks for.

use super::{KeyState, SigningKey, WrongState};
use crate::model::{
    audit::{AuditEvent, AuditKind, Origin},
    policy::LONGEST_JWT_TTL,
};
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

impl Schedule {
    /// The usual spans with another rotation.
    ///
    /// None if keys would change before the one before them is out of the key set: verifiers would have to carry ever
    /// more of them, and one that is revoked could find its successor not yet published.
    #[must_use]
    pub fn rotating_every(rotate_every: Duration) -> Option<Self> {
        let shortest = SCHEDULE.publish_ahead.saturating_add(SCHEDULE.publish_after);
        (rotate_every >= shortest).then_some(Self { rotate_every, ..SCHEDULE })
    }
}

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

impl KeyStep {
    /// The step's line in the audit trail; that a key is forgotten which nobody can use any more is none.
    #[must_use]
    pub fn told(&self, at: Timestamp, origin: &Origin) -> Option<AuditEvent> {
        let (Self::Add(key) | Self::Move { to: key, .. }) = self else { return None };
        let kind = match key.state {
            KeyState::Next { .. } => AuditKind::SigningKeyCreated,
            KeyState::Active { .. } => AuditKind::SigningKeyActivated,
            KeyState::Retired { .. } => AuditKind::SigningKeyRetired,
            KeyState::Revoked { .. } => AuditKind::SigningKeyRevoked,
        };
        let detail = format!("{} {}", key.algorithm().as_str(), key.kid);
        Some(AuditEvent::new(at, kind, None, origin.clone()).saying(detail))
    }
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
    let plan = Plan { steps: Vec::new(), missing: Vec::new(), due: now.after(LOOK_AGAIN) };
    let mut planner = Planner { schedule, now, plan };
    for algorithm in Algorithm::ALL {
        let of = |key: &&SigningKey| key.algorithm() == algorithm;
        let mut fresh = fresh.iter().filter(of).cloned();
        let active = keys.iter().filter(of).find(|key| matches!(key.state, KeyState::Active { .. })).cloned();
        let next = keys.iter().filter(of).find(|key| matches!(key.state, KeyState::Next { .. })).cloned();
        if wanted.contains(&algorithm) {
            planner.keep(active, next, || fresh.next().ok_or(algorithm));
        } else {
            planner.wind_up(active, next);
        }
    }
    for key in keys {
        if let KeyState::Retired { at } = key.state
            && planner.is_due(at.after(schedule.publish_after))
        {
            planner.plan.steps.push(KeyStep::Forget { kid: key.kid.clone() });
        }
    }
    planner.plan
}

/// A plan in the making.
struct Planner<'a> {
    schedule: &'a Schedule,
    now: Timestamp,
    plan: Plan,
}

impl Planner<'_> {
    /// One active key and one next key, and a change of the two in time. `fresh` gives a key, or what is missing.
    fn keep(
        &mut self,
        active: Option<SigningKey>,
        next: Option<SigningKey>,
        mut fresh: impl FnMut() -> Result<SigningKey, Algorithm>,
    ) {
        let mut signs = active.is_some();
        if let (Some(active), Some(next)) = (active, &next) {
            let usable_at = next.created_at.after(self.schedule.publish_ahead);
            if !self.is_due(self.ends_at(&active).max(usable_at)) {
                return;
            }
            self.move_to(active.retire(self.now));
            signs = false;
        }
        if !signs {
            // Nobody signs: the next key does so at once, and a new one if there is none.
            match next {
                Some(next) => self.move_to(next.activate(self.now)),
                None => match fresh() {
                    Ok(new) => self.plan.steps.extend(new.activate(self.now).map(KeyStep::Add)),
                    Err(missing) => self.plan.missing.push(missing),
                },
            }
        }
        match fresh() {
            Ok(key) => self.plan.steps.push(KeyStep::Add(key)),
            Err(missing) => self.plan.missing.push(missing),
        }
        self.is_due(self.now.after(self.schedule.publish_ahead));
    }

    /// No project asks for this algorithm any more; one may again until the key would have rotated.
    fn wind_up(&mut self, active: Option<SigningKey>, next: Option<SigningKey>) {
        if let Some(active) = active {
            if !self.is_due(self.ends_at(&active)) {
                return;
            }
            self.move_to(active.retire(self.now));
        }
        self.plan.steps.extend(next.map(|next| KeyStep::Forget { kid: next.kid }));
    }

    fn move_to(&mut self, moved: Result<SigningKey, WrongState>) {
        // The caller looked at the state just now, so nothing is refused.
        if let Ok(to) = moved {
            let from = if matches!(to.state, KeyState::Active { .. }) { "next" } else { "active" };
            self.plan.steps.push(KeyStep::Move { from, to });
        }
    }

    /// Whether that moment has come; else it is one to look again at.
    fn is_due(&mut self, at: Timestamp) -> bool {
        if self.now < at {
            self.plan.due = self.plan.due.min(at);
        }
        self.now >= at
    }

    fn ends_at(&self, active: &SigningKey) -> Timestamp {
        match active.state {
            KeyState::Active { since, .. } => since.after(self.schedule.rotate_every),
            _ => self.now,
        }
    }
}
