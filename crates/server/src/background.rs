//! Work that nobody waits for.

use crate::app::App;
use authmint_domain::{flow::purge::purge, port::Purged};
use std::{future::Future, pin::pin, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// How often the purge looks for rows of no more use.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// How often signing keys are looked after: a running service follows the command line within two seconds.
const KEYS_EVERY: Duration = Duration::from_secs(1);
/// How often it is written down when keys were last used: to the minute is what is promised.
const NOTES_EVERY: Duration = Duration::from_secs(60);
/// How often the store's clock is looked at, where it has one: two clocks that are not set drift apart by less than a
/// millisecond in that time.
const CLOCK_EVERY: Duration = Duration::from_secs(10);
/// Batches in one go: the writer belongs to the users, not to the purge.
const BATCHES: usize = 16;

/// Works until `stop` is done; what was begun is finished.
pub(crate) async fn run(app: &App, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let every = |span| {
        let mut ticks = interval(span);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut purges, mut keys) = (every(PURGE_EVERY), every(KEYS_EVERY));
    let (mut notes, mut clock) = (every(NOTES_EVERY), every(CLOCK_EVERY));
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return,
            _ = keys.tick() => keep_signing_keys(app).await,
            _ = purges.tick() => {
                tell_of_floods(app);
                purge_some(app).await;
            }
            _ = clock.tick() => keep_clock(app).await,
            _ = notes.tick() => keep_last_used(app).await,
        }
    }
}

async fn keep_clock(app: &App) {
    let cx = app.context();
    if let Err(error) = cx.clock.set_by(&cx.store).await {
        tracing::debug!(%error, "the store's clock could not be seen; time goes on as it was seen last");
    }
}

/// Once a minute at most: a flood must not flood the log.
fn tell_of_floods(app: &App) {
    let refused = app.flood().take_refused();
    if refused > 0 {
        tracing::warn!(
            refused,
            "clients sent more requests than one may, and were told to come back; if they are users of yours, \
             raise calls_per_client or refreshes_per_client, else keep them away before the service"
        );
    }
}

async fn keep_signing_keys(app: &App) {
    if let Err(error) = app.keep_signing_keys().await {
        app.metrics().failed("signing_keys");
        tracing::warn!(
            %error,
            "the signing keys could not be looked after; those in use stay so, and it is tried again each second"
        );
    }
}

/// Writes down what was noted of keys in use; also when the last request is answered.
pub(crate) async fn keep_last_used(app: &App) {
    if let Err(error) = app.keep_last_used().await {
        tracing::warn!(%error, "it could not be written down when keys were last used; it will be tried again");
    }
}

async fn purge_some(app: &App) {
    for _ in 0..BATCHES {
        match purge(app.context()).await {
            Ok(removed) if removed == Purged::default() => return,
            Ok(removed) => {
                app.metrics().purged(removed.sessions, removed.others);
                tracing::debug!(sessions = removed.sessions, others = removed.others, "purged");
            }
            Err(error) => {
                app.metrics().failed("purge");
                tracing::warn!(
                    %error,
                    "old rows could not be removed; nothing else depends on it, and it is tried again in a minute"
                );
                return;
            }
        }
    }
}
