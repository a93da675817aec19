//! The service's key set: used while it is fresh, used on while a new one is fetched or cannot be had.

use crate::error::{AuthError, UnavailableCause};
use authmint_protocol::{jwk::KeySet, time::Timestamp};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use std::{
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

/// The life of a key set that names none, and the bounds of one that does.
const DEFAULT_MAX_AGE: u64 = 300;
const MIN_MAX_AGE: u64 = 30;
const MAX_MAX_AGE: u64 = 86_400;
/// How long a key set may serve when no newer one can be had. A stolen key must not live for ever because someone
/// keeps the service out of reach.
const MAX_STALE: Duration = Duration::from_secs(24 * 3600);
/// A JWT with an unknown `kid` may cause a fetch this often: anyone can make such a JWT.
const UNKNOWN_KID_PAUSE: Duration = Duration::from_secs(30);
/// Without any keys a fetch is tried again this soon after a failure.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// A renewal in the background is left alone for this long.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

pub(super) struct Keys {
    state: RwLock<State>,
    /// Counts the changes: a JWT verified under another count is verified again.
    version: AtomicU64,
    /// When a renewal in the background is next due, in milliseconds; read on every request.
    renew_from: AtomicI64,
}

#[derive(Default, Clone)]
struct State {
    set: KeySet,
    body: Bytes,
    /// When the set was fetched; none was ever if absent.
    fetched_at: Option<Timestamp>,
    /// When the latest fetch ended, well or not.
    tried_at: Option<Timestamp>,
    /// Keys that are not to be used any more, though a set on its way may still hold them.
    revoked: Vec<String>,
}

/// A key set with the count of its changes.
pub(super) struct Current {
    pub(super) set: KeySet,
    pub(super) version: u64,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            state: RwLock::new(State::default()),
            version: AtomicU64::new(0),
            renew_from: AtomicI64::new(i64::MAX),
        }
    }

    /// The keys to verify with.
    pub(super) fn current(&self, now: Timestamp) -> Option<Current> {
        let state = self.read();
        let usable = state.fetched_at.is_some_and(|at| now.since(at) < MAX_STALE);
        usable.then(|| Current { set: state.set.clone(), version: self.version() })
    }

    /// The count of changes; zero while there are no keys.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Whether a request that cannot go on without keys may fetch them.
    pub(super) fn may_fetch_missing(&self, now: Timestamp) -> bool {
        self.read().tried_at.is_none_or(|at| now.since(at) >= FAILURE_PAUSE)
    }

    /// Whether a request with an unknown `kid` may fetch the set again.
    pub(super) fn may_fetch_unknown(&self, now: Timestamp) -> bool {
        self.read().tried_at.is_none_or(|at| now.since(at) >= UNKNOWN_KID_PAUSE)
    }

    /// Whether the set should be renewed beside the requests; says so once, then not for a while.
    pub(super) fn take_renewal(&self, now: Timestamp) -> bool {
        let due = self.renew_from.load(Ordering::Relaxed);
        let next = now.after(RENEWAL_PAUSE).unix_millis();
        now.unix_millis() >= due
            && self.renew_from.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Takes in a fetched set. A broken or empty one changes nothing: the old keys go on.
    pub(super) fn fetched(&self, reply: &Response<Bytes>, now: Timestamp) -> Result<(), AuthError> {
        let set = KeySet::parse(reply.body()).ok().filter(|set| !set.keys().is_empty());
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.tried_at = Some(now);
        let Some(set) = set.filter(|_| reply.status() == StatusCode::OK) else {
            return Err(AuthError::unavailable(UnavailableCause::BrokenAnswer));
        };
        if state.body != reply.body() {
            self.version.fetch_add(1, Ordering::AcqRel);
            state.body = reply.body().clone();
            state.set = state.revoked.iter().fold(set, |set, kid| set.without(kid));
        }
        state.fetched_at = Some(now);
        let fresh_until = now.after(Duration::from_secs(max_age(reply.headers())));
        self.renew_from.store(fresh_until.unix_millis(), Ordering::Relaxed);
        Ok(())
    }

    /// Stops using a key at once; what it vouched for is verified again, and the set is fetched anew.
    pub(super) fn revoke(&self, kid: &str, now: Timestamp) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.revoked.iter().any(|revoked| revoked == kid) {
            return;
        }
        state.revoked.push(kid.to_owned());
        state.set = state.set.without(kid);
        // Its successor may be unknown here: whoever needs it first may ask at once.
        state.tried_at = None;
        self.version.fetch_add(1, Ordering::AcqRel);
        self.renew_from.store(now.unix_millis(), Ordering::Relaxed);
    }

    pub(super) fn failed(&self, now: Timestamp) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).tried_at = Some(now);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn max_age(headers: &HeaderMap) -> u64 {
    let control =
        headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let directive = |name: &str| {
        control.split(',').find_map(|part| match part.trim().split_once('=') {
            Some((key, value)) if key.eq_ignore_ascii_case(name) => Some(value.trim_matches('"')),
            None if part.trim().eq_ignore_ascii_case(name) => Some(""),
            _ => None,
        })
    };
    let uncached = directive("no-store").or(directive("no-cache")).map(|_| 0);
    uncached
        .or_else(|| directive("max-age")?.parse().ok())
        .unwrap_or(DEFAULT_MAX_AGE)
        .clamp(MIN_MAX_AGE, MAX_MAX_AGE)
}
