//! Work that nobody waits for.

use crate::app::App;
use authmint_domain::{flow::purge::purge, port::Purged};
use std::{future::Future, pin::pin, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// How often the purge looks for rows of no more use.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// Batches in one go: the writer belongs to the users, not to the purge.
const BATCHES: usize = 16;

/// Works until `stop` is done; what was begun is finished.
pub(crate) async fn run(app: &App, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut ticks = interval(PURGE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return,
            _ = ticks.tick() => purge_some(app).await,
        }
    }
}

async fn purge_some(app: &App) {
    for _ in 0..BATCHES {
        match purge(app.context()).await {
            Ok(removed) if removed == Purged::default() => return,
            Ok(removed) => {
                tracing::debug!(sessions = removed.sessions, others = removed.others, "purged");
            }
            Err(error) => {
                tracing::warn!(%error, "the purge failed; it will be tried again");
                return;
            }
        }
    }
}
