//! Keys of issuers of others: fetched once for all who wait, kept, and asked for again in measure.

mod fetch;

use authmint_domain::port::{IssuerKeys, IssuerKeysError, KeySource, Outgoing, OutgoingError};
use authmint_protocol::{jwk::KeySet, time::Timestamp};
use quick_cache::sync::Cache;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Mutex as Turn;

/// Issuers that are remembered at one time.
const CAPACITY: usize = 1024;
/// How long keys are taken without another look.
const FRESH: Duration = Duration::from_secs(300);
/// How long they are taken while another look is under way: who asks does not wait for a slow issuer.
const STALE: Duration = Duration::from_secs(3600);
/// How long they are taken while the issuer cannot be reached: an outage of theirs signs in whom they signed before.
const STALE_IF_ERROR: Duration = Duration::from_secs(86_400);
/// How long after a look there is none again, whatever keys are asked for.
const PAUSE: Duration = Duration::from_secs(30);
/// The same while nothing is known at all: the first users of an issuer should not wait for half a minute.
const PAUSE_WITHOUT_KEYS: Duration = Duration::from_secs(5);

/// What is known of the keys of issuers; a copy knows the same.
#[derive(Clone)]
pub struct ServiceIssuerKeys<O> {
    outgoing: O,
    known: Arc<Cache<KeySource, Arc<Issuer>>>,
}

#[derive(Default)]
struct Issuer {
    state: Mutex<State>,
    /// Held by the one who looks; the others wait for what comes of it.
    looking: Turn<()>,
}

#[derive(Default)]
struct State {
    keys: Option<(KeySet, Timestamp)>,
    /// When the last look ended, and what came in its way.
    looked: Option<(Timestamp, Option<IssuerKeysError>)>,
}

/// What to do for who asks.
enum Step {
    /// These are good.
    Take(KeySet),
    /// These are good, and it is time for another look.
    TakeAndLook(KeySet),
    /// It takes a look to tell.
    Look,
    /// The last look failed a moment ago.
    Fail(IssuerKeysError),
}

impl State {
    fn step(&self, kid: Option<&str>, now: Timestamp) -> Step {
        let pause = if self.keys.is_some() { PAUSE } else { PAUSE_WITHOUT_KEYS };
        let paused = self.looked.as_ref().filter(|(at, _)| now.since(*at) < pause);
        let usable = self.keys.as_ref().filter(|(_, at)| now.since(*at) < STALE_IF_ERROR);
        match (usable, paused) {
            (Some((keys, at)), paused) => {
                let (age, holds) = (now.since(*at), holds(keys, kid));
                match paused {
                    _ if holds && age < FRESH => Step::Take(keys.clone()),
                    Some(_) => Step::Take(keys.clone()),
                    None if holds && age < STALE => Step::TakeAndLook(keys.clone()),
                    None => Step::Look,
                }
            }
            (None, Some((_, Some(error)))) => Step::Fail(error.clone()),
            (None, _) => Step::Look,
        }
    }
}

fn holds(keys: &KeySet, kid: Option<&str>) -> bool {
    kid.is_none_or(|kid| keys.keys().iter().any(|key| key.kid() == Some(kid)))
}

impl Issuer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<O: Outgoing + Clone> ServiceIssuerKeys<O> {
    /// Knows nothing yet, and asks by `outgoing`.
    #[must_use]
    pub fn new(outgoing: O) -> Self {
        Self { outgoing, known: Arc::new(Cache::new(CAPACITY)) }
    }

    /// Looks, unless another did so while this one waited. A task of its own: that who asked has gone away ends no look.
    async fn look(self, (source, issuer): (KeySource, Arc<Issuer>), kid: Option<String>, now: Timestamp) {
        let _turn = issuer.looking.lock().await;
        let step = issuer.state().step(kid.as_deref(), now);
        if let Step::Take(_) | Step::Fail(_) = step {
            return;
        }
        let fetched = fetch::key_set(&self.outgoing, &source).await;
        let mut state = issuer.state();
        match fetched {
            Ok(keys) => *state = State { keys: Some((keys, now)), looked: Some((now, None)) },
            Err(error) => {
                tracing::warn!(
                    project_id = %source.project_id, issuer = source.issuer, %error,
                    "the keys of an issuer could not be fetched; what is known of it is used for up to a day"
                );
                state.looked = Some((now, Some(error)));
            }
        }
    }
}

impl<O: Outgoing + Clone> IssuerKeys for ServiceIssuerKeys<O> {
    fn at_hand(&self, source: &KeySource, kid: Option<&str>, now: Timestamp) -> Option<KeySet> {
        match self.known.get(source)?.state().step(kid, now) {
            Step::Take(keys) if holds(&keys, kid) => Some(keys),
            _ => None,
        }
    }

    async fn find(
        &self,
        source: &KeySource,
        kid: Option<&str>,
        now: Timestamp,
    ) -> Result<KeySet, IssuerKeysError> {
        let made = || Ok::<_, IssuerKeysError>(Arc::default());
        let issuer: Arc<Issuer> = self.known.get_or_insert_with(source, made)?;
        let look = || {
            let of = (source.clone(), Arc::clone(&issuer));
            tokio::spawn(self.clone().look(of, kid.map(str::to_owned), now))
        };
        let step = issuer.state().step(kid, now);
        match step {
            Step::Take(keys) => return Ok(keys),
            Step::Fail(error) => return Err(error),
            Step::TakeAndLook(keys) => {
                if issuer.looking.try_lock().is_ok() {
                    look();
                }
                return Ok(keys);
            }
            Step::Look => {}
        }
        let _ended = look().await;
        let step = issuer.state().step(kid, now);
        match step {
            Step::Take(keys) | Step::TakeAndLook(keys) => Ok(keys),
            Step::Fail(error) => Err(error),
            // The runtime is ending: nothing was found out.
            Step::Look => Err(OutgoingError::Late { host: source.issuer.clone() }.into()),
        }
    }
}

#[cfg(test)]
mod tests;
