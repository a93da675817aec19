//! Sign-in, one file a method; every method ends with [`admit`]: proof, identity, user, one-time secret.

pub mod email;

use crate::{
    context::{Context, Ports},
    model::{grant::ProjectGrant, project::Scope, refresh_token::mint_one_time_secret, user::Proof},
    port::{Admission, Entropy as _, Store as _, StoreError},
};
use authmint_protocol::{
    id::{OneTimeSecretId, UserId},
    secret::OneTimeSecret,
};

/// Lets a proven identity in: finds its user, or creates one if the key may, and issues the one-time secret.
///
/// The answer is `None` if the identity is new and the key may not create users.
///
/// # Errors
/// [`StoreError`] if the store cannot answer.
pub async fn admit<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    proof: Proof,
) -> Result<Option<OneTimeSecret>, StoreError> {
    let project = grant.project();
    let secret_id = OneTimeSecretId::from_random(cx.entropy.draw());
    let admission = Admission {
        project_id: project.id,
        create: grant.has(Scope::UsersCreate).then(|| UserId::from_random(cx.entropy.draw())),
        secret_id,
        secret_expires_at: proof.at.after(project.policy.one_time_secret_ttl),
        proof,
    };
    let admitted = cx.store.admit(admission).await?;
    Ok(admitted.map(|_| mint_one_time_secret(&cx.key_ring, project.id, secret_id)))
}
