//! Restore: what a backup may know wrongly is ended before the database serves anybody.

use crate::{
    model::{
        audit::Origin,
        signing_key::{KeyState, KeyStep},
    },
    port::{Store, StoreError},
};
use authmint_protocol::time::Timestamp;

/// What was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Sessions.
    pub sessions: u64,
    /// Signing keys.
    pub signing_keys: usize,
}

/// Ends what began before a moment: a backup knows of no sign-out, no theft and no revoked key after it.
///
/// Signing keys are revoked with the sessions: one of them may have been revoked since, and JWTs of ended sessions may
/// still be under way. The next start makes new ones.
///
/// # Errors
/// [`StoreError`] if the store cannot answer; the copy is of no use then.
pub async fn put_in_order<S: Store>(
    store: &S,
    before: Timestamp,
    now: Timestamp,
) -> Result<Restored, StoreError> {
    let sessions = store
        .decide_all_sessions(before, move |session| {
            session.restored(before, now).told_by(&Origin::COMMAND_LINE)
        })
        .await?;
    let revoked = store.decide_signing_keys(now, Origin::COMMAND_LINE, move |read| {
        let old = read.keys.iter().filter(|key| key.created_at < before);
        let steps: Vec<_> = old
            .filter(|key| !matches!(key.state, KeyState::Revoked { .. }))
            .filter_map(|key| {
                let from = key.state.as_str();
                key.clone().revoke(now).ok().map(|to| KeyStep::Move { from, to })
            })
            .collect();
        let count = steps.len();
        (steps, count)
    });
    Ok(Restored { sessions, signing_keys: revoked.await? })
}
