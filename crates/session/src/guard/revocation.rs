//! What is known to have ended although JWTs of it are still good: nothing of it is accepted any more.
//!
//! A check costs one comparison: a verified JWT remembers up to which state of this set it is clear, and is looked up
//! again only after something was added. So it matters neither how much has ended nor how often one asks.

use super::seed::Seeded;
use crate::session::VerifiedJwt;
use authmint_protocol::{ErrorCode, id::SessionId, time::Timestamp};
use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long an end that was learnt without its expiry is remembered: longer than a session JWT lives.
const KEPT_FOR: Duration = Duration::from_secs(25 * 3600);
/// From so many entries on, those that are over are dropped whenever their number has doubled.
const FEW: usize = 1024;

/// What ended, until the JWTs of it are over.
pub(super) struct Ended {
    /// Counts the additions. Raised after the entry is in, so that whoever sees the count finds the entry.
    version: AtomicU64,
    known: RwLock<Known>,
}

struct Known {
    /// Why the service refuses the session, and until when that matters. Ended is final.
    sessions: HashMap<SessionId, (ErrorCode, Timestamp), Seeded>,
    /// As of when a user's sessions ended, and until when that matters. The user may have signed in again since.
    users: HashMap<String, (Timestamp, Timestamp), Seeded>,
    /// The same of all users of the project.
    everyone: Option<(Timestamp, Timestamp)>,
    tidy_at: usize,
}

/// What is known against a verified JWT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Clear,
    /// Its session ended, for good.
    Ended(ErrorCode),
    /// All sessions that its user had then ended, or the older ones of the whole project; only the service knows whether this one is among them.
    Outdated(Timestamp),
}

impl Ended {
    pub(super) fn new(seeded: &Seeded) -> Self {
        let known = Known {
            sessions: HashMap::with_hasher(seeded.clone()),
            users: HashMap::with_hasher(seeded.clone()),
            everyone: None,
            tidy_at: FEW,
        };
        Self { version: AtomicU64::new(0), known: RwLock::new(known) }
    }

    /// Only for an ID that a signature or the service vouched for: anyone can write an ID into a token.
    pub(super) fn insert(&self, session: SessionId, code: ErrorCode, now: Timestamp) {
        self.add(now, |adding| adding.add_session(session, code, now.after(KEPT_FOR)));
    }

    /// Adds what `fill` adds; it says whether any of it is new.
    pub(super) fn add(&self, now: Timestamp, fill: impl FnOnce(&mut Adding<'_>) -> bool) {
        // Nothing in here panics half-way; an entry is at worst missing.
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.tidy(now);
        if fill(&mut Adding(&mut known)) {
            self.version.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// What is known against a JWT.
    pub(super) fn standing(&self, verified: &VerifiedJwt) -> Standing {
        let version = self.version.load(Ordering::Acquire);
        if verified.clear_as_of.load(Ordering::Relaxed) == version {
            return Standing::Clear;
        }
        let standing = self.look_up(verified);
        if standing == Standing::Clear {
            verified.clear_as_of.store(version, Ordering::Relaxed);
        }
        standing
    }

    fn look_up(&self, verified: &VerifiedJwt) -> Standing {
        let claims = &verified.claims;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((code, _)) = claims.session_id.and_then(|session| known.sessions.get(&session)) {
            return Standing::Ended(*code);
        }
        let of_user = known.users.get(&claims.subject).map(|(at, _)| *at);
        match of_user.max(known.everyone.map(|(at, _)| at)) {
            // JWTs are dated in whole seconds: one of the same second may be of either side.
            Some(at) if claims.issued_at.is_none_or(|issued| issued <= at) => Standing::Outdated(at),
            _ => Standing::Clear,
        }
    }
}

/// The set while it is being added to.
pub(super) struct Adding<'k>(&'k mut Known);

impl Adding<'_> {
    pub(super) fn add_session(&mut self, session: SessionId, code: ErrorCode, until: Timestamp) -> bool {
        self.0.sessions.insert(session, (code, until)).is_none()
    }

    pub(super) fn add_user(&mut self, user: &str, at: Timestamp, until: Timestamp) -> bool {
        let known = self.0.users.get(user).is_some_and(|(known, _)| *known >= at);
        if !known {
            self.0.users.insert(user.to_owned(), (at, until));
        }
        !known
    }

    pub(super) fn add_everyone(&mut self, at: Timestamp, until: Timestamp) -> bool {
        let known = self.0.everyone.is_some_and(|(known, _)| known >= at);
        if !known {
            self.0.everyone = Some((at, until));
        }
        !known
    }
}

impl Known {
    fn tidy(&mut self, now: Timestamp) {
        self.everyone = self.everyone.filter(|(_, until)| now < *until);
        if self.sessions.len() + self.users.len() < self.tidy_at {
            return;
        }
        self.sessions.retain(|_, (_, until)| now < *until);
        self.users.retain(|_, (_, until)| now < *until);
        self.tidy_at = (2 * (self.sessions.len() + self.users.len())).max(FEW);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_dropped_and_nothing_else() {
        let ended = Ended::new(&Seeded::new([1; 32]));
        let at = Timestamp::from_unix_seconds;
        let id = |number: usize| SessionId::from_bytes((number as u128).to_be_bytes());
        for number in 0..10 * FEW {
            let until = if number == 0 { at(1_000) } else { at(10) };
            ended.add(at(20), |adding| adding.add_session(id(number), ErrorCode::SessionRevoked, until));
        }
        let known = ended.known.read().unwrap();
        assert!(known.sessions.contains_key(&id(0)) && known.sessions.len() <= FEW);
    }
}
