//! Decisions without the type of their answer: the answer is laid aside, and the transaction around the decision is compiled once
//! rather than for each flow that decides. The program is smaller by a tenth for it.

use crate::error::unavailable;
use authmint_domain::port::{AdminDecision, Decide, StoreError};
use std::sync::{Arc, Mutex, PoisonError};

/// Where an answer lies until its transaction is committed. A decision that is made anew replaces it.
pub(super) struct Aside<A>(Arc<Mutex<Option<A>>>);

impl<A> Aside<A> {
    /// The place, and who puts there.
    pub(super) fn new() -> (Self, Self) {
        let place = Arc::default();
        (Self(Arc::clone(&place)), Self(place))
    }

    /// An operator's decision that lays its answer here.
    pub(super) fn admin<T>(
        self,
        decide: impl Decide<T, AdminDecision<T, A>>,
    ) -> impl Fn(Option<&T>) -> AdminDecision<T, ()> {
        move |found| {
            let AdminDecision { put, audit, revocation, answer } = decide(found);
            self.put(answer);
            AdminDecision { put, audit, revocation, answer: () }
        }
    }

    pub(super) fn put(&self, answer: A) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    pub(super) fn take(self) -> Result<A, StoreError> {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.ok_or_else(|| unavailable("the work was not run"))
    }
}
