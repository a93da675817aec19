//! The one task that follows the revocation feed for all clones of an `Auth`, and ends with the last of them.

use super::{Host, Inner, drive};
use crate::guard::Answer;
use std::sync::{Arc, OnceLock};
use tokio::task::AbortHandle;

#[derive(Default)]
pub(super) struct Follower(OnceLock<AbortHandle>);

impl Follower {
    /// Starts to follow, once; within a runtime.
    pub(super) fn start<H: Host>(&self, inner: &Arc<Inner<H>>) {
        self.0.get_or_init(|| tokio::spawn(follow(Arc::clone(inner))).abort_handle());
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(task) = self.0.get() {
            task.abort();
        }
    }
}

async fn follow<H: Host>(inner: Arc<Inner<H>>) {
    let mut deaf = false;
    while let Some(call) = inner.guard.follow(inner.host.now()) {
        match drive(Arc::clone(&inner), call).await {
            // Told once, however long it lasts.
            Answer::Failed(error) if !deaf => {
                tracing::warn!(
                    code = error.code(),
                    "the revocation feed cannot be followed; ended sessions may be served until their JWTs end: {error}"
                );
                deaf = true;
            }
            Answer::Failed(_) => {}
            _ => deaf = false,
        }
    }
}
