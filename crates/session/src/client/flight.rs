//! One call of a kind at a time: who comes later waits for the first one's answer.

use crate::guard::{Answer, SharedKey};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

type Slot = Option<Answer>;

/// The calls under way.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<SharedKey, watch::Receiver<Slot>>>);

/// What a caller does.
pub(super) enum Role {
    /// The answer came just now.
    Known(Answer),
    /// Wait for the call that is under way.
    Follow(Waiting),
    /// Make the call, and land it.
    Lead(watch::Sender<Slot>, Waiting),
}

/// A place in the queue for an answer.
pub(super) struct Waiting(watch::Receiver<Slot>);

impl Flights {
    /// Joins the call of this key; `known` is asked, before a new one is begun, for an answer that just came.
    pub(super) fn join(&self, key: &SharedKey, known: impl FnOnce() -> Option<Answer>) -> Role {
        match self.under_way().entry(key.clone()) {
            // A call whose task died has no sender any more; it is begun anew.
            Entry::Occupied(call) if call.get().has_changed().is_ok() => {
                Role::Follow(Waiting(call.get().clone()))
            }
            entry => match known() {
                Some(answer) => Role::Known(answer),
                None => {
                    let (landing, slot) = watch::channel(None);
                    entry.insert_entry(slot.clone());
                    Role::Lead(landing, Waiting(slot))
                }
            },
        }
    }

    /// Hands the answer to everyone who waits. The guard has noted it before: who comes now finds it there.
    pub(super) fn land(&self, key: &SharedKey, landing: &watch::Sender<Slot>, answer: Answer) {
        self.under_way().remove(key);
        landing.send_replace(Some(answer));
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<SharedKey, watch::Receiver<Slot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The answer; none if the call's task died.
    pub(super) async fn answer(mut self) -> Option<Answer> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|slot| slot.clone())
    }
}
