//! Who is it: the user behind a session JWT, and a user by ID.

use crate::{
    context::{Context, Ports},
    model::{
        grant::ProjectGrant,
        session::{RefreshRefused, SessionUser},
        user::User,
    },
    port::{Clock as _, Signer as _, Store as _, StoreError},
};
use authmint_protocol::{
    ErrorCode,
    id::{SessionId, UserId},
    secret::SessionJwt,
    time::Timestamp,
    token::{Expected, JwtError, native},
};

/// The question is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhoamiError {
    /// The JWT does not verify.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// The JWT verifies, but its session is over.
    #[error(transparent)]
    Session(#[from] RefreshRefused),
    /// No such user in this project.
    #[error("no such user in this project")]
    Unknown,
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WhoamiError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Jwt(_) => ErrorCode::JwtInvalid,
            Self::Session(RefreshRefused::Unknown) => ErrorCode::JwtInvalid,
            Self::Session(refused) => refused.code(),
            Self::Unknown => ErrorCode::UserUnknown,
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// The user behind a session JWT.
///
/// Unlike a check in an app server this one asks the database, so a session that ended a moment ago is refused.
///
/// # Errors
/// [`WhoamiError`] if the JWT does not verify, or its session or user is gone.
pub async fn by_session_jwt<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    jwt: &SessionJwt,
) -> Result<SessionUser, WhoamiError> {
    let now = cx.clock.now();
    let session_id = verify_session_jwt(cx, grant, jwt, now)?;
    let session = cx.store.session(session_id).await?.ok_or(RefreshRefused::Unknown)?;
    session.alive(now)?;
    Ok(session.user)
}

/// A user by ID, for a caller who may read profiles.
///
/// # Errors
/// [`WhoamiError::Unknown`] if the text is no user's ID here: whatever else it is, it never becomes part of a path.
pub async fn by_id<P: Ports>(cx: &Context<P>, grant: &ProjectGrant, id: &str) -> Result<User, WhoamiError> {
    let id: UserId = id.parse().map_err(|_| WhoamiError::Unknown)?;
    cx.store.user(grant.project().id, id).await?.ok_or(WhoamiError::Unknown)
}

fn verify_session_jwt<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    jwt: &SessionJwt,
    now: Timestamp,
) -> Result<SessionId, WhoamiError> {
    let project = grant.project();
    let issuer = project.policy.jwt_issuer(project.id, &cx.issuer);
    let expected = Expected::new(issuer, project.id.to_string());
    let claims = native::verify(jwt.reveal(), &cx.signer.key_set(), &expected, now)?;
    claims.session_id.ok_or_else(|| JwtError::ClaimMissing("sid".to_owned()).into())
}
