//! The revocation feed's follower: what it asks next, what a page changes, and when the feed counts as stale.

use super::Guard;
use crate::error::{AuthError, UnavailableCause};
use authmint_protocol::{
    ErrorCode,
    id::SessionId,
    time::Timestamp,
    wire::feed::{FeedEntry, FeedKind, FeedPage},
};
use std::{
    collections::HashSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// How long the service may hold a poll back while nothing ends.
pub(super) const WAIT: Duration = Duration::from_secs(20);
/// A feed that was not heard for so long is stale: more than a poll takes that nothing interrupts.
const STALE_AFTER: Duration = Duration::from_secs(30);
/// Between two polls, so that a storm of sign-outs is a few pages and not a storm of polls.
const BREATH: Duration = Duration::from_millis(100);
/// Half of the pause after a first failure; it doubles with each further one, up to the other.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What an app wants of the revocation feed, which tells within two seconds what ended while JWTs of it are still good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Revocation {
    /// It is followed where that is possible. While it is stale, an ended session is refused when its JWT ends.
    #[default]
    BestEffort,
    /// While it is stale, a JWT is not served on its own word: a retryable error instead.
    Required,
    /// It is not followed; an ended session is refused when its JWT ends.
    Off,
}

pub(super) struct Feed {
    mode: Revocation,
    /// When the follower was last up to date, in milliseconds.
    heard_at: AtomicI64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cursor: Option<String>,
    failures: u32,
    /// There is no more to wait for: another page is there already, or none was asked for yet.
    behind: bool,
    /// The service will not let this key follow.
    over: bool,
}

impl Feed {
    pub(super) fn new(mode: Revocation) -> Self {
        let state = State { behind: true, ..State::default() };
        Self { mode, heard_at: AtomicI64::new(i64::MIN), state: Mutex::new(state) }
    }

    /// Whether a JWT must not be served on its own word.
    pub(super) fn withholds(&self, now: Timestamp) -> bool {
        self.mode == Revocation::Required && {
            let heard = Timestamp::from_unix_millis(self.heard_at.load(Ordering::Relaxed));
            now.since(heard) >= STALE_AFTER
        }
    }

    /// The next poll could not be answered.
    pub(super) fn failed(&self, error: &AuthError) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        // Nothing changes that but a person; who insists on the feed goes on asking.
        let forbidden = matches!(error, AuthError::Declined { status: 403 | 404, .. });
        state.over = forbidden && self.mode == Revocation::BestEffort;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guard {
    /// The next poll of the revocation feed; none if it is not to be followed (any more).
    ///
    /// A host sends one after the other, beside the requests and with nobody waiting: each settles at once, whether
    /// it failed or not, and the next one's pause is the back-off.
    #[must_use]
    pub fn follow(&self, now: Timestamp) -> Option<super::Call> {
        let state = self.feed.state();
        if self.feed.mode == Revocation::Off || state.over {
            return None;
        }
        let pause = match state.failures {
            0 if state.behind => Duration::ZERO,
            0 => BREATH,
            failures => {
                let half = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(10)).min(LONGEST_PAUSE);
                half + self.seeded.spread("feed", failures, half)
            }
        };
        Some(self.call_feed(state.cursor.clone(), pause, now))
    }

    /// Takes in a page of the feed; none of it may be missed, so a page that cannot be read is an error.
    pub(super) fn hear(&self, body: &[u8], now: Timestamp) -> Result<(), UnavailableCause> {
        let page: FeedPage = serde_json::from_slice(body).map_err(|_| UnavailableCause::BrokenAnswer)?;
        self.end_all(&page.entries, now).ok_or(UnavailableCause::BrokenAnswer)?;
        if !page.more {
            self.feed.heard_at.store(now.unix_millis(), Ordering::Relaxed);
        }
        let mut state = self.feed.state();
        *state = State { cursor: Some(page.cursor), failures: 0, behind: page.more, over: false };
        Ok(())
    }

    fn end_all(&self, entries: &[FeedEntry], now: Timestamp) -> Option<()> {
        let sound = |entry: &FeedEntry| entry.kind != FeedKind::Session || session(entry).is_some();
        if !entries.iter().all(sound) {
            return None;
        }
        if entries.is_empty() {
            return Some(());
        }
        self.ended.add(now, |adding| {
            entries.iter().fold(false, |any, entry| {
                let [at, until] = [entry.ended_at, entry.expires_at].map(Timestamp::from_unix_seconds);
                let added = match (entry.kind, session(entry)) {
                    (FeedKind::Session, Some(id)) => adding.add_session(id, ErrorCode::SessionRevoked, until),
                    (FeedKind::User, _) => adding.add_user(&entry.id, at, until),
                    (FeedKind::Project, _) => adding.add_everyone(at, until),
                    _ => false,
                };
                any | added
            })
        });
        for key in entries.iter().filter(|entry| entry.kind == FeedKind::Key) {
            self.keys.revoke(&key.id, now);
        }
        // A kept answer for an ended session is refused by its JWT; one for such a user may be of the same second.
        let users = entries.iter().filter(|entry| entry.kind == FeedKind::User);
        let users: HashSet<_> = users.map(|entry| entry.id.as_str()).collect();
        if entries.iter().any(|entry| entry.kind == FeedKind::Project) {
            self.memory.drop_answers();
        }
        if !users.is_empty() {
            self.memory.drop_answers_of(&users);
        }
        Some(())
    }
}

fn session(entry: &FeedEntry) -> Option<SessionId> {
    entry.id.parse().ok()
}
