//! Sessions of a project's users: listed, shown, ended.

use super::{LONGEST_PAGE, Page, user};
use crate::{
    context::{Context, Ports},
    model::{
        grant::Management,
        session::{Decision, Session},
    },
    port::{Clock as _, Store as _, StoreError},
};
use authmint_protocol::{
    ErrorCode,
    id::{SessionId, UserId},
    time::Timestamp,
};

/// Where a list of sessions goes on: after the one opened then.
pub type SessionCursor = (Timestamp, SessionId);

/// What was asked of a session is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// No such session.
    #[error("no such session in this project")]
    Unknown,
    /// The user whose sessions are meant.
    #[error(transparent)]
    User(#[from] user::UserError),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SessionError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::SessionUnknown,
            Self::User(error) => error.code(),
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// The sessions of a user, ended ones too, the newest first.
///
/// # Errors
/// [`SessionError::User`] if there is no such user.
pub async fn list<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    user_id: UserId,
    after: Option<SessionCursor>,
    limit: u32,
) -> Result<Page<Session, SessionCursor>, SessionError> {
    let limit = limit.clamp(1, LONGEST_PAGE);
    user::known(cx, grant, user_id).await?;
    let found = cx.store.sessions_of_user(grant.project_id(), user_id, after, limit + 1).await?;
    Ok(Page::cut(found, limit, |last| (last.created_at, last.id)))
}

/// One session.
///
/// # Errors
/// [`SessionError::Unknown`] if the project has none of this ID.
pub async fn show<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    id: SessionId,
) -> Result<Session, SessionError> {
    let found = cx.store.session(id).await?;
    found.filter(|session| session.project_id == grant.project_id()).ok_or(SessionError::Unknown)
}

/// Ends one session; one that is over stays as it ended. Servers that follow the feed refuse its JWTs within two seconds.
///
/// # Errors
/// [`SessionError::Unknown`] if the project has none of this ID.
pub async fn end<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    id: SessionId,
) -> Result<Session, SessionError> {
    let (now, project_id, origin) = (cx.clock.now(), grant.project_id(), grant.origin().clone());
    let decide = move |session: Option<&Session>| match session {
        Some(session) if session.project_id == project_id => {
            let Decision { change, .. } = session.end_by_operator(now).told_by(&origin);
            Decision { change, answer: true }
        }
        _ => Decision::keep(false),
    };
    if cx.store.decide_session(id, decide).await? {
        show(cx, grant, id).await
    } else {
        Err(SessionError::Unknown)
    }
}
