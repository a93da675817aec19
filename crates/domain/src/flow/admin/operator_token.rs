//! Operator tokens: made, listed, revoked.

use crate::{
    context::{Context, Ports},
    model::{
        audit::{AuditEvent, AuditKind},
        grant::OperatorGrant,
        key_ring::sha256,
        operator_token::{OperatorTokenRecord, mint},
        project::{InvalidProjectName, check_name},
    },
    port::{AdminDecision, Clock as _, Entropy as _, Store as _, StoreError},
};
use authmint_protocol::{ErrorCode, id::OperatorTokenId, secret::OperatorTokenText};
use std::time::Duration;

/// What was asked of an operator token is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperatorTokenError {
    /// No such token.
    #[error("no operator token {0} in this database; `authmint operator token list` shows those that are")]
    Unknown(OperatorTokenId),
    /// Its name.
    #[error(transparent)]
    Name(#[from] InvalidProjectName),
    /// Its life.
    #[error("an operator token lives for at least a minute")]
    TooShort,
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OperatorTokenError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown(_) => ErrorCode::OperatorTokenNotFound,
            Self::Name(_) | Self::TooShort => ErrorCode::SettingsInvalid,
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// Makes a token; its text is answered this once and never again.
///
/// # Errors
/// [`OperatorTokenError`]; nothing was changed then.
pub async fn create<P: Ports>(
    cx: &Context<P>,
    grant: &OperatorGrant,
    name: String,
    lives_for: Option<Duration>,
) -> Result<(OperatorTokenText, OperatorTokenRecord), OperatorTokenError> {
    check_name(&name)?;
    if lives_for.is_some_and(|span| span < Duration::from_secs(60)) {
        return Err(OperatorTokenError::TooShort);
    }
    let (now, origin) = (cx.clock.now(), grant.origin().clone());
    let text = mint(&cx.entropy.draw());
    let token = OperatorTokenRecord {
        id: OperatorTokenId::drawn(now, cx.entropy.draw()),
        hash: sha256(text.reveal().as_bytes()),
        name,
        created_at: now,
        expires_at: lives_for.map(|span| now.after(span)),
        last_used_at: None,
        revoked_at: None,
    };
    let made = token.clone();
    let decide = move |_: Option<&OperatorTokenRecord>| {
        let line = AuditEvent::new(now, AuditKind::OperatorTokenCreated, None, origin.clone());
        AdminDecision::put(made.clone(), line.saying(made.id.to_string()), ())
    };
    cx.store.decide_operator_token(token.id, decide).await?;
    Ok((text, token))
}

/// All tokens, the oldest first, revoked ones too.
///
/// # Errors
/// [`OperatorTokenError::Store`] if the store cannot answer.
pub async fn list<P: Ports>(
    cx: &Context<P>,
    _grant: &OperatorGrant,
) -> Result<Vec<OperatorTokenRecord>, OperatorTokenError> {
    Ok(cx.store.operator_tokens().await?)
}

/// Revokes a token, for good; a running service refuses it within two seconds.
///
/// # Errors
/// [`OperatorTokenError::Unknown`] if there is no such token.
pub async fn revoke<P: Ports>(
    cx: &Context<P>,
    grant: &OperatorGrant,
    id: OperatorTokenId,
) -> Result<OperatorTokenRecord, OperatorTokenError> {
    let (now, origin) = (cx.clock.now(), grant.origin().clone());
    let decide = move |found: Option<&OperatorTokenRecord>| match found {
        None => AdminDecision::leave(Err(OperatorTokenError::Unknown(id))),
        Some(token) if token.revoked_at.is_some() => AdminDecision::leave(Ok(token.clone())),
        Some(token) => {
            let revoked = OperatorTokenRecord { revoked_at: Some(now), ..token.clone() };
            let line = AuditEvent::new(now, AuditKind::OperatorTokenRevoked, None, origin.clone());
            AdminDecision::put(revoked.clone(), line.saying(id.to_string()), Ok(revoked))
        }
    };
    cx.store.decide_operator_token(id, decide).await?
}
