//! What the sign-in page does for an app: it proves who the user is, and ends with a code or a one-time secret for the app.

use super::{
    AdmitError, admit,
    email::{AuthenticateError, EnteredCode, prove},
};
use crate::{
    context::{Context, Ports},
    flow::refresh::{AuthMaterial, RefreshError, trade_secret},
    model::{
        authorization_code::{self, CodeNotGenuine},
        grant::ProjectGrant,
        page_session::PageSession,
        refresh_token::mint_one_time_secret,
        session::Device,
        user::{Proof, User},
    },
    port::{Clock as _, Store as _, StoreError},
};
use authmint_protocol::{
    authorization_code::Binding,
    secret::{AuthorizationCode, CodeVerifier, OneTimeSecret},
};
use zeroize::Zeroizing;

/// How many of a user's sessions are looked at for one that somebody else ended.
const NEWEST: u32 = 100;

/// For what a person signs in on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The app gets a code, bound to its redirect URI and challenge.
    Code(Binding),
    /// The page that opened this one gets a one-time secret.
    Popup,
}

/// What the app gets.
pub enum Given {
    /// For its redirect URI.
    Code(AuthorizationCode),
    /// For the page that opened this one.
    Secret(OneTimeSecret),
}

/// A finished sign-in on the page.
pub struct SignedIn {
    /// What the app gets.
    pub given: Given,
    /// The page's own session, for its cookie.
    pub page_session: Zeroizing<String>,
}

/// Ends a sign-in by email: the code that was mailed is consumed first.
///
/// # Errors
/// As [`authenticate`](super::email::authenticate).
pub async fn finish_email<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    entered: EnteredCode<'_>,
    purpose: Purpose,
) -> Result<SignedIn, AuthenticateError> {
    let proof = prove(cx, grant, entered).await?;
    Ok(finish(cx, grant, proof, purpose).await?)
}

/// Whom the page recognises; nobody if the session is over, or somebody has ended what the user had.
///
/// # Errors
/// [`StoreError`].
pub async fn recognise<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    text: &str,
) -> Result<Option<(User, Proof)>, StoreError> {
    let (now, project) = (cx.clock.now(), grant.project());
    let Some(session) = PageSession::read(&cx.key_ring, project.id, text, now) else { return Ok(None) };
    let Some(user) = cx.store.user(project.id, session.user_id).await? else { return Ok(None) };
    let sessions = cx.store.sessions_of_user(project.id, user.id, None, NEWEST).await?;
    Ok(session.proof(&user, &sessions, project.not_before).map(|proof| (user, proof)))
}

/// Ends a sign-in of whom the page [recognises](recognise), who has said that they want to continue.
///
/// # Errors
/// [`AdmitError`].
pub async fn finish<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    proof: Proof,
    purpose: Purpose,
) -> Result<SignedIn, AdmitError> {
    let (now, proven_at, project_id) = (cx.clock.now(), proof.at, grant.project().id);
    let (secret_id, user) = admit(cx, grant, proof, now).await?;
    let ids = (project_id, secret_id);
    let given = match purpose {
        Purpose::Code(binding) => Given::Code(authorization_code::mint(&cx.key_ring, ids, binding)),
        Purpose::Popup => Given::Secret(mint_one_time_secret(&cx.key_ring, project_id, secret_id)),
    };
    let page_session = PageSession { project_id, user_id: user.id, proven_at }.write(&cx.key_ring);
    Ok(SignedIn { given, page_session })
}

/// A code is not traded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TradeError {
    /// It is not one of this service, or not of this sign-in.
    #[error(transparent)]
    NotGenuine(#[from] CodeNotGenuine),
    /// It is another project's.
    #[error("this code belongs to another project; trade it with a key of that project")]
    ProjectMismatch,
    /// It is used, over, or the tokens cannot be made.
    #[error(transparent)]
    Refused(#[from] RefreshError),
}

/// Trades a code for auth material.
///
/// # Errors
/// [`TradeError`]; a code that came without its verifier is not used up.
pub async fn trade_code<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    (code, verifier, redirect_uri): (&AuthorizationCode, &CodeVerifier, &str),
    device: Device,
) -> Result<AuthMaterial, TradeError> {
    let claims = authorization_code::check(&cx.key_ring, code, verifier, redirect_uri)?;
    if claims.project_id != grant.project().id {
        return Err(TradeError::ProjectMismatch);
    }
    Ok(trade_secret(cx, grant, claims.secret_id, device).await?)
}
