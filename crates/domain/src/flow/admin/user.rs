//! Users of a project: listed, searched, shown, disabled, enabled, signed out everywhere, deleted.

use super::{LONGEST_PAGE, Page};
use crate::{
    context::{Context, Ports},
    method::email,
    model::{
        audit::{AuditEvent, AuditKind},
        grant::Management,
        session::{EndReason, Ended},
        user::{Identity, User, UserChange, UserCursor, UserDecision, UserQuery},
    },
    port::{Clock as _, Store as _, StoreError},
};
use authmint_protocol::{ErrorCode, id::UserId, time::Timestamp};

/// What was asked of a user is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// No such user.
    #[error("no such user in this project")]
    Unknown,
    /// The cursor is of another list.
    #[error("this cursor is of another list: keep the search as it was, or begin anew without a cursor")]
    Cursor,
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UserError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::UserUnknown,
            Self::Cursor => ErrorCode::ParameterInvalid,
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// Users of a project: all, the newest first, or with `search` those whose address begins with it, or whose ID it is.
///
/// # Errors
/// [`UserError::Cursor`] if the cursor belongs to another list.
pub async fn list<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    search: Option<&str>,
    after: Option<UserCursor>,
    limit: u32,
) -> Result<Page<User, UserCursor>, UserError> {
    let (project_id, limit) = (grant.project_id(), limit.clamp(1, LONGEST_PAGE));
    if let Some(id) = search.and_then(|text| text.parse().ok()) {
        let found = cx.store.user(project_id, id).await?;
        return Ok(Page { items: found.into_iter().collect(), next: None });
    }
    let address = search.map(email::canonical_beginning);
    let searched = address.is_some();
    if after.as_ref().is_some_and(|after| matches!(after, UserCursor::Address(..)) != searched) {
        return Err(UserError::Cursor);
    }
    let found = cx.store.users(UserQuery { project_id, address, after, limit: limit + 1 }).await?;
    Ok(Page::cut(found, limit, |last| UserCursor::after(last, searched)))
}

/// One user, and the identities that prove them.
///
/// # Errors
/// [`UserError::Unknown`] if the project has none of this ID.
pub async fn show<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    id: UserId,
) -> Result<(User, Vec<Identity>), UserError> {
    let user = known(cx, grant, id).await?;
    let identities = cx.store.identities(id).await?;
    Ok((user, identities))
}

/// One user without more.
pub(super) async fn known<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    id: UserId,
) -> Result<User, UserError> {
    cx.store.user(grant.project_id(), id).await?.ok_or(UserError::Unknown)
}

/// Signs a user out everywhere: all sessions end, and one-time secrets that wait are void. The user may sign in again.
///
/// # Errors
/// [`UserError::Unknown`] if the project has none of this ID.
pub async fn end_sessions<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    id: UserId,
) -> Result<User, UserError> {
    let ended = |at| UserChange::EndSessions(Ended { at, reason: EndReason::Operator });
    decide(cx, grant, id, AuditKind::UserSessionsEnded, move |_, now| Some(ended(now))).await
}

/// Disables a user: all sessions end at once, and no sign-in is finished until the user is enabled again.
///
/// # Errors
/// [`UserError::Unknown`] if the project has none of this ID.
pub async fn disable<P: Ports>(cx: &Context<P>, grant: &Management, id: UserId) -> Result<User, UserError> {
    let change = |user: &User, now| user.disabled_at.is_none().then_some(UserChange::Disable(now));
    decide(cx, grant, id, AuditKind::UserDisabled, change).await
}

/// Lets a disabled user sign in again; sessions that were ended stay so.
///
/// # Errors
/// [`UserError::Unknown`] if the project has none of this ID.
pub async fn enable<P: Ports>(cx: &Context<P>, grant: &Management, id: UserId) -> Result<User, UserError> {
    let change = |user: &User, _| user.disabled_at.is_some().then_some(UserChange::Enable);
    decide(cx, grant, id, AuditKind::UserEnabled, change).await
}

/// Forgets a user with identities, sessions and address, for good; whoever proves the same address is a new user.
///
/// # Errors
/// [`UserError::Unknown`] if the project has none of this ID.
pub async fn delete<P: Ports>(cx: &Context<P>, grant: &Management, id: UserId) -> Result<User, UserError> {
    decide(cx, grant, id, AuditKind::UserDeleted, |_, now| Some(UserChange::Delete(now))).await
}

/// Changes a user as `change` says; answers the user as they are then, or were before they were deleted.
async fn decide<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    id: UserId,
    kind: AuditKind,
    change: impl Fn(&User, Timestamp) -> Option<UserChange> + Send + Sync + 'static,
) -> Result<User, UserError> {
    let (now, project_id, origin) = (cx.clock.now(), grant.project_id(), grant.origin().clone());
    let decide = move |found: Option<&User>| match found {
        None => UserDecision { change: None, answer: Err(UserError::Unknown) },
        Some(user) => {
            let change = change(user, now);
            let line = AuditEvent::new(now, kind, Some(project_id), origin.clone()).of_user(user.id);
            UserDecision {
                answer: Ok(change.map_or_else(|| user.clone(), |change| user.after(change))),
                change: change.map(|change| (change, line)),
            }
        }
    };
    cx.store.decide_user(project_id, id, decide).await?
}
