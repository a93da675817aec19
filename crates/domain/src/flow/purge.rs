//! Purge: rows that can never matter again are removed, a bounded number at a time.

use crate::{
    context::{Context, Ports},
    port::{Clock as _, PurgeBefore, Purged, Store as _, StoreError},
};
use std::time::Duration;

/// How long a row is kept after it has become useless: refusals stay exact for a while (`session_expired`, not
/// `refresh_unknown`), and a clock that runs a little ahead removes nothing that still counts.
const KEPT_FOR: Duration = Duration::from_secs(86_400);

/// Removes one batch; call again until it removes none.
///
/// # Errors
/// [`StoreError`] if the store cannot answer.
pub async fn purge<P: Ports>(cx: &Context<P>) -> Result<Purged, StoreError> {
    let now = cx.clock.now();
    let before = PurgeBefore {
        useless_since: now.before(KEPT_FOR),
        audit: cx.audit_kept_for.map(|span| now.before(span)),
    };
    cx.store.purge(before).await
}
