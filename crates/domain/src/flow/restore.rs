//! Restore: what a backup may know wrongly is ended before the database serves anybody.

use crate::{
    model::{
        audit::{AuditEvent, AuditKind, Origin},
        operator_token::OperatorTokenRecord,
        signing_key::{KeyState, KeyStep},
    },
    port::{AdminDecision, Store, StoreError},
};
use authmint_protocol::time::Timestamp;

/// What was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Sessions.
    pub sessions: u64,
    /// Signing keys.
    pub signing_keys: usize,
    /// Operator tokens.
    pub operator_tokens: usize,
}

/// Ends what began before a moment: a backup knows of no sign-out, no theft and no revoked key after it.
///
/// Signing keys are revoked with the sessions: one of them may have been revoked since, and JWTs of ended sessions may
/// still be under way. The next start makes new ones. So are operator tokens, which open everything, and of which an
/// operator makes a new one in a moment.
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
    let signing_keys = revoked.await?;
    Ok(Restored {
        sessions,
        signing_keys,
        operator_tokens: revoke_operator_tokens(store, before, now).await?,
    })
}

async fn revoke_operator_tokens<S: Store>(
    store: &S,
    before: Timestamp,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut revoked = 0;
    for token in store.operator_tokens().await? {
        if token.created_at < before && token.revoked_at.is_none() {
            let id = token.id;
            let put = OperatorTokenRecord { revoked_at: Some(now), ..token };
            let line = AuditEvent::new(now, AuditKind::OperatorTokenRevoked, None, Origin::COMMAND_LINE);
            let line = line.saying(id.to_string());
            store
                .decide_operator_token(id, move |_| AdminDecision::put(put.clone(), line.clone(), ()))
                .await?;
            revoked += 1;
        }
    }
    Ok(revoked)
}
