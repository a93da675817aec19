//! Refresh: a refresh token or a one-time secret in, auth material out.

use crate::{
    context::{Context, Ports},
    model::{
        grant::ProjectGrant,
        one_time_secret::{ExchangeDecision, ExchangeRefused, NewSession, first_reply},
        refresh_token::{Forged, GenuineRefresh, mint_refresh_token},
        rotation::{Presented, Row},
        session::{Decision, Device, RefreshRefused, RefreshReply, SessionUser},
        session_jwt::Claims,
    },
    port::{ActiveKey as _, Clock as _, Entropy as _, SignError, Signer, Store as _, StoreError},
};
use authmint_protocol::{
    ErrorCode,
    id::{OneTimeSecretId, SessionId},
    refresh_token::RefreshClaims,
    secret::{RefreshToken, SessionJwt},
    time::Timestamp,
};

use super::signing_keys::{Keeper, KeysError};

/// A refresh is refused, or cannot be answered now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// Form or MAC is wrong.
    #[error(transparent)]
    Malformed(#[from] Forged),
    /// The token is genuine, but of another project.
    #[error("this token belongs to another project; it was left alone")]
    ProjectMismatch,
    /// The session is over.
    #[error(transparent)]
    Refused(#[from] RefreshRefused),
    /// The one-time secret is of no use.
    #[error(transparent)]
    Exchange(#[from] ExchangeRefused),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no key to sign with.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The JWT could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl RefreshError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed(_) => ErrorCode::RefreshMalformed,
            Self::ProjectMismatch => ErrorCode::ProjectMismatch,
            Self::Refused(refused) => refused.code(),
            Self::Exchange(refused) => refused.code(),
            Self::Store(_) | Self::Keys(_) | Self::Sign(_) => ErrorCode::Unavailable,
        }
    }
}

/// What a caller gets: session JWT, refresh token, user.
pub struct AuthMaterial {
    /// The session JWT.
    pub jwt: SessionJwt,
    /// The refresh token to keep.
    pub refresh_token: RefreshToken,
    /// When the session ends if nothing refreshes it.
    pub expires_at: Timestamp,
    /// The user.
    pub user: SessionUser,
    /// The session.
    pub session_id: SessionId,
    /// Which row of the rotation rule answered, none if a one-time secret was traded; for metrics.
    pub row: Option<Row>,
}

/// Answers a refresh.
///
/// # Errors
/// [`RefreshError`]; its code says whether the token can ever succeed again.
pub async fn refresh<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    text: &RefreshToken,
    device: Device,
) -> Result<AuthMaterial, RefreshError> {
    let now = cx.clock.now();
    let genuine = GenuineRefresh::check(&cx.key_ring, text)?;
    if genuine.project_id() != grant.project().id {
        return Err(RefreshError::ProjectMismatch);
    }
    let key = signing_key(cx, grant, now).await?;
    match genuine {
        GenuineRefresh::Token(claims) => {
            let reply = rotate(cx, grant, claims, now).await?;
            let row = Some(reply.row);
            material(cx, grant, &key, reply).map(|material| AuthMaterial { row, ..material })
        }
        GenuineRefresh::OneTime(claims) => {
            let reply = exchange(cx, grant, claims.secret_id, device, now).await?;
            material(cx, grant, &key, reply)
        }
    }
}

/// The key of the project's algorithm, made at once if this is its first use.
pub(super) async fn signing_key<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    now: Timestamp,
) -> Result<<P::Signer as Signer>::Active, RefreshError> {
    let algorithm = grant.project().policy.signing_algorithm;
    if let Some(key) = cx.signer.active(algorithm) {
        return Ok(key);
    }
    Keeper::of(cx).keep(now).await?;
    Ok(cx.signer.active(algorithm).ok_or(SignError)?)
}

async fn rotate<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    claims: RefreshClaims,
    now: Timestamp,
) -> Result<RefreshReply, RefreshError> {
    let policy = grant.project().policy.clone();
    let presented = Presented { generation: claims.generation, branch: claims.branch };
    let (project_id, origin) = (claims.project_id, grant.user_origin());
    let decided = cx.store.decide_session(claims.session_id, move |session| match session {
        Some(session) if session.project_id == project_id => {
            session.refresh(presented, &policy, now).told_by(&origin)
        }
        _ => Decision::keep(Err(RefreshRefused::Unknown)),
    });
    Ok(decided.await??)
}

/// Trades the row of a one-time secret, or of a code, whose MAC was found to hold.
pub(super) async fn trade_secret<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    secret_id: OneTimeSecretId,
    device: Device,
) -> Result<AuthMaterial, RefreshError> {
    let now = cx.clock.now();
    let key = signing_key(cx, grant, now).await?;
    let reply = exchange(cx, grant, secret_id, device, now).await?;
    material(cx, grant, &key, reply)
}

async fn exchange<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    secret_id: OneTimeSecretId,
    device: Device,
    now: Timestamp,
) -> Result<RefreshReply, RefreshError> {
    let policy = grant.project().policy.clone();
    let new =
        NewSession { id: SessionId::drawn(now, cx.entropy.draw()), device, from: Some(grant.from().clone()) };
    let decided = cx
        .store
        .exchange(secret_id, now, grant.user_origin(), move |record, opened| {
            record.exchange(opened, new.clone(), &policy, now)
        })
        .await?;
    match decided {
        Some(ExchangeDecision::Open(session)) => Ok(first_reply(*session, now)),
        Some(ExchangeDecision::Repeat(reply)) => Ok(*reply),
        Some(ExchangeDecision::Refuse(refused)) => Err(refused.into()),
        None => Err(ExchangeRefused::Invalid.into()),
    }
}

/// Makes tokens of a durable answer: nothing here can fail halfway, since both can be made again from the row.
pub(super) fn material<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    key: &<P::Signer as Signer>::Active,
    reply: RefreshReply,
) -> Result<AuthMaterial, RefreshError> {
    let RefreshReply { session, token, now, .. } = reply;
    let project = grant.project();
    let drawn = u16::from_be_bytes(cx.entropy.draw());
    let claims = Claims::for_session(&session, &project.policy, &cx.issuer, now, drawn);
    let public = key.public();
    let kid = public.kid().unwrap_or_default();
    let jwt = claims.sign(public.algorithm(), kid, |message| key.sign(message))?;
    Ok(AuthMaterial {
        jwt,
        refresh_token: mint_refresh_token(
            &cx.key_ring,
            project.id,
            session.id,
            token.generation,
            token.branch,
        ),
        expires_at: session.expires_at(),
        session_id: session.id,
        user: session.user,
        row: None,
    })
}
