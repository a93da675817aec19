//! Sessions that are known to have ended although their JWTs have not: nothing of them is accepted any more.

use super::seed::Seeded;
use authmint_protocol::{ErrorCode, id::SessionId};
use quick_cache::{
    UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};
use std::sync::atomic::{AtomicBool, Ordering};

/// More sessions than end within the life of a JWT on one server.
const CAPACITY: usize = 65_536;

/// Ended sessions with the code that ended them. Ended is final, so entries need no end of their own.
pub(super) struct Ended {
    sessions: Cache<SessionId, ErrorCode, UnitWeighter, Seeded, DefaultLifecycle<SessionId, ErrorCode>>,
    any: AtomicBool,
}

impl Ended {
    pub(super) fn new(seeded: Seeded) -> Self {
        let weight = u64::try_from(CAPACITY).unwrap_or(u64::MAX);
        Self {
            sessions: Cache::with(256, weight, UnitWeighter, seeded, DefaultLifecycle::default()),
            any: AtomicBool::new(false),
        }
    }

    /// Only for an ID that a signature or the service vouched for: anyone can write an ID into a token.
    pub(super) fn insert(&self, session: SessionId, code: ErrorCode) {
        self.sessions.insert(session, code);
        self.any.store(true, Ordering::Release);
    }

    pub(super) fn code(&self, session: Option<SessionId>) -> Option<ErrorCode> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        session.and_then(|session| self.sessions.get(&session))
    }
}
