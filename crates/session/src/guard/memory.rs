//! What the guard remembers for a while: fresh answers, refused tokens, a service that failed.

use super::{call::Answer, seed::Seeded};
use authmint_protocol::{ErrorCode, secret::RefreshToken, time::Timestamp};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// How long the answer to a refresh serves later requests with the same token: about the service's grace window.
pub(super) const KEEP_ANSWER: Duration = Duration::from_secs(10);
/// How long a refused token is answered from memory; after that the service is asked again.
const KEEP_REFUSAL: Duration = Duration::from_secs(600);
/// How long sessions whose JWT still holds are left alone after the service failed.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(5);
const CAPACITY: usize = 4096;

pub(super) struct Memory {
    answers: Recent<Answer>,
    refusals: Recent<ErrorCode>,
    resting_until: AtomicI64,
}

impl Memory {
    pub(super) fn new(seeded: &Seeded) -> Self {
        Self {
            answers: Recent::new(seeded.clone(), KEEP_ANSWER),
            refusals: Recent::new(seeded.clone(), KEEP_REFUSAL),
            resting_until: AtomicI64::new(i64::MIN),
        }
    }

    pub(super) fn keep(&self, token: &RefreshToken, answer: Answer, now: Timestamp) {
        self.answers.insert(token.reveal(), answer, now);
    }

    pub(super) fn kept(&self, token: &RefreshToken, now: Timestamp) -> Option<Answer> {
        self.answers.get(token.reveal(), now)
    }

    /// Drops an answer that was kept for a while, and says whether there was one: what has just come stays.
    pub(super) fn drop_aged(&self, token: &RefreshToken, now: Timestamp) -> bool {
        self.answers.remove_before(token.reveal(), now)
    }

    /// Drops the kept answers that brought sessions of these users.
    pub(super) fn drop_answers_of(&self, users: &HashSet<&str>) {
        self.answers
            .retain(|answer| !matches!(answer, Answer::Renewed(of) if users.contains(of.user.id.as_str())));
    }

    /// Drops every kept answer.
    pub(super) fn drop_answers(&self) {
        self.answers.retain(|_| false);
    }

    /// Remembers that the token is of no more use, and drops what a refresh with it had brought.
    pub(super) fn refuse(&self, token: &RefreshToken, code: ErrorCode, now: Timestamp) {
        self.refusals.insert(token.reveal(), code, now);
        self.answers.remove(token.reveal());
    }

    pub(super) fn refused(&self, token: &RefreshToken, now: Timestamp) -> Option<ErrorCode> {
        self.refusals.get(token.reveal(), now)
    }

    pub(super) fn service_failed(&self, retry_after: Option<Duration>, now: Timestamp) {
        let rest = retry_after.unwrap_or_default().max(REST_AFTER_FAILURE);
        self.resting_until.store(now.after(rest).unix_millis(), Ordering::Relaxed);
    }

    pub(super) fn service_answered(&self) {
        self.resting_until.store(i64::MIN, Ordering::Relaxed);
    }

    /// Whether early refreshes should wait for the service to recover.
    pub(super) fn service_rests(&self, now: Timestamp) -> bool {
        now.unix_millis() < self.resting_until.load(Ordering::Relaxed)
    }
}

/// A bounded map by whole token whose entries last a fixed time.
struct Recent<V> {
    life: Duration,
    inner: Mutex<Entries<V>>,
}

struct Entries<V> {
    by_token: HashMap<Arc<str>, (Timestamp, V), Seeded>,
    /// In the order of insertion, which is the order of expiry.
    order: VecDeque<(Timestamp, Arc<str>)>,
}

impl<V: Clone> Recent<V> {
    fn new(seeded: Seeded, life: Duration) -> Self {
        let entries = Entries { by_token: HashMap::with_hasher(seeded), order: VecDeque::new() };
        Self { life, inner: Mutex::new(entries) }
    }

    fn insert(&self, token: &str, value: V, now: Timestamp) {
        let mut entries = self.entries();
        while let Some((since, _)) = entries.order.front()
            && (now.since(*since) >= self.life || entries.order.len() >= CAPACITY)
        {
            entries.drop_oldest();
        }
        let token = Arc::<str>::from(token);
        entries.by_token.insert(Arc::clone(&token), (now, value));
        entries.order.push_back((now, token));
    }

    fn get(&self, token: &str, now: Timestamp) -> Option<V> {
        let entries = self.entries();
        let (since, value) = entries.by_token.get(token)?;
        (now.since(*since) < self.life).then(|| value.clone())
    }

    fn remove(&self, token: &str) {
        self.entries().by_token.remove(token);
    }

    fn remove_before(&self, token: &str, now: Timestamp) -> bool {
        let mut entries = self.entries();
        let aged =
            entries.by_token.get(token).is_some_and(|(since, _)| now.since(*since) >= Duration::from_secs(1));
        aged && entries.by_token.remove(token).is_some()
    }

    fn retain(&self, keep: impl Fn(&V) -> bool) {
        self.entries().by_token.retain(|_, (_, value)| keep(value));
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries<V>> {
        // Nothing in here panics half-way; an entry is at worst missing.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Entries<V> {
    fn drop_oldest(&mut self) {
        let Some((since, token)) = self.order.pop_front() else { return };
        // A token that was inserted again has a later place in the order.
        if self.by_token.get(&token).is_some_and(|(latest, _)| *latest <= since) {
            self.by_token.remove(&token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_forgets_on_time() {
        let recent = Recent::new(Seeded::new([1; 32]), Duration::from_secs(10));
        let at = Timestamp::from_unix_seconds;
        recent.insert("first", 1, at(0));
        assert_eq!((recent.get("first", at(9)), recent.get("first", at(10))), (Some(1), None));
        recent.insert("first", 2, at(9));
        recent.insert("other", 3, at(12));
        assert_eq!(
            recent.get("first", at(12)),
            Some(2),
            "the later insertion outlives the earlier one's end"
        );
        for number in 0..2 * CAPACITY {
            recent.insert(&number.to_string(), 0, at(13));
        }
        assert!(recent.entries().by_token.len() <= CAPACITY && recent.entries().order.len() <= CAPACITY);
    }
}
