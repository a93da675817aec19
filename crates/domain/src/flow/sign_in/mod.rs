//! Sign-in, one file a method; every method ends with [`admit`]: proof, identity, user, and the row that is
//! traded once for a session.

pub mod email;
pub mod page;

use crate::{
    context::{Context, Ports},
    model::{
        grant::ProjectGrant,
        project::Scope,
        user::{Proof, User, UserDisabled},
    },
    port::{Admission, Admitted, Entropy as _, Store as _, StoreError},
};
use authmint_protocol::{
    ErrorCode,
    id::{OneTimeSecretId, UserId},
    time::Timestamp,
};

/// A proven identity is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// The user is new, and the key may not create users.
    #[error("no user has this identity, and this API key may not create one (scope users.create)")]
    MayNotCreate,
    /// The user was disabled.
    #[error(transparent)]
    Disabled(#[from] UserDisabled),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AdmitError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::MayNotCreate => ErrorCode::ScopeMissing,
            Self::Disabled(disabled) => disabled.code(),
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// Lets a proven identity in: finds its user, or creates one if the key may, and issues what the sign-in ends
/// with. The proof may be older than now, where the user was recognised.
///
/// # Errors
/// [`AdmitError`]; no one-time secret was issued then.
pub async fn admit<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    proof: Proof,
    now: Timestamp,
) -> Result<(OneTimeSecretId, User), AdmitError> {
    let project = grant.project();
    let secret_id = OneTimeSecretId::drawn(now, cx.entropy.draw());
    let admission = Admission {
        project_id: project.id,
        create: grant.has(Scope::UsersCreate).then(|| UserId::drawn(now, cx.entropy.draw())),
        secret_id,
        secret_expires_at: now.after(project.policy.one_time_secret_ttl),
        at: now,
        origin: grant.user_origin(),
        proof,
    };
    match cx.store.admit(admission).await? {
        Admitted::In(user) => Ok((secret_id, user)),
        Admitted::Unknown => Err(AdmitError::MayNotCreate),
        Admitted::Disabled(disabled) => Err(disabled.into()),
    }
}
