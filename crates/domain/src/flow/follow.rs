//! Follow: what has ended, told to servers that verify session JWTs offline.

use crate::{
    context::{Context, Ports},
    model::{
        grant::{KeyRefused, ProjectGrant},
        project::Scope,
        revocation::Stretch,
    },
    port::{Clock as _, Store as _, StoreError},
};
use authmint_protocol::ErrorCode;

/// Entries in one answer: about 50 KB of it.
pub const MOST_ENTRIES: u32 = 400;

/// A poll is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// The key may not follow the feed.
    #[error(transparent)]
    Refused(#[from] KeyRefused),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FollowError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refused) => refused.code(),
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// What has ended in the grant's project since `position`, or a snapshot.
///
/// # Errors
/// [`FollowError`] if the key lacks the scope, or the store cannot answer.
pub async fn follow<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    position: Option<u64>,
) -> Result<Stretch, FollowError> {
    grant.require_server(Scope::FeedRead)?;
    let now = cx.clock.now();
    Ok(cx.store.revocations(grant.project().id, position, MOST_ENTRIES, now).await?)
}
