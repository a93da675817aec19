//! From an API key's text to the authority it gives.

use crate::{
    context::{Context, Ports},
    model::{
        challenge::ClientPrefix,
        grant::{CallOrigin, KeyRefused, OperatorGrant, ProjectGrant},
        key_ring::sha256,
        operator_token::{self, OperatorTokenRecord, OperatorTokenRefused},
        project::{ApiKeyRecord, Project},
    },
    port::{Store as _, StoreError},
};
use authmint_protocol::{
    ErrorCode,
    api_key::{ApiKey, ApiKeyError},
    secret::{ApiKeyText, OperatorTokenText},
    time::Timestamp,
};
use std::sync::Arc;

/// A call is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthoriseError {
    /// The text is no API key.
    #[error(transparent)]
    Malformed(#[from] ApiKeyError),
    /// No such key here.
    #[error("this API key is not known here; check the project, the environment and the base URL")]
    Unknown,
    /// The key does not permit the call.
    #[error(transparent)]
    Refused(#[from] KeyRefused),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuthoriseError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed(_) => ErrorCode::ApiKeyMalformed,
            Self::Unknown => ErrorCode::ApiKeyUnknown,
            Self::Refused(refused) => refused.code(),
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// An operator's call is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// The token is of no use.
    #[error(transparent)]
    Refused(#[from] OperatorTokenRefused),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A known key with its project, as looked up once and kept for a moment by the caller.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// The project.
    pub project: Arc<Project>,
    /// The key.
    pub key: Arc<ApiKeyRecord>,
}

impl KnownKey {
    /// Admits one call.
    ///
    /// # Errors
    /// [`KeyRefused`] if the key does not permit it.
    pub fn admit(&self, caller: CallOrigin<'_>) -> Result<ProjectGrant, KeyRefused> {
        ProjectGrant::admit(Arc::clone(&self.project), Arc::clone(&self.key), caller)
    }
}

/// Looks an API key up.
///
/// A key is what the database knows under its hash; form and environment are checked first for the sake of the
/// message. Its signature was checked when the key was registered, and nothing can be registered under a hash that
/// it does not have.
///
/// # Errors
/// [`AuthoriseError`] if the text is no key, or no key of this service.
pub async fn find_key<P: Ports>(cx: &Context<P>, text: &ApiKeyText) -> Result<KnownKey, AuthoriseError> {
    let parsed = ApiKey::parse(text.reveal())?;
    let found = cx.store.api_key(sha256(text.reveal().as_bytes())).await?;
    let (key, project) = found.ok_or(AuthoriseError::Unknown)?;
    if parsed.project_id != project.id || parsed.environment != project.environment {
        return Err(AuthoriseError::Unknown);
    }
    Ok(KnownKey { project: Arc::new(project), key: Arc::new(key) })
}

/// A known operator token, as looked up once and kept for a moment by the caller.
#[derive(Debug, Clone)]
pub struct KnownOperator {
    /// The token.
    pub token: Arc<OperatorTokenRecord>,
}

impl KnownOperator {
    /// Admits one call.
    ///
    /// # Errors
    /// [`OperatorTokenRefused`] if the token was revoked or its time is over.
    pub fn admit(
        &self,
        from: Option<ClientPrefix>,
        now: Timestamp,
    ) -> Result<OperatorGrant, OperatorTokenRefused> {
        OperatorGrant::admit(&self.token, from, now)
    }
}

/// Looks an operator token up.
///
/// # Errors
/// [`OperatorError`] if the text is no token of this service.
pub async fn find_operator<P: Ports>(
    cx: &Context<P>,
    text: &OperatorTokenText,
) -> Result<KnownOperator, OperatorError> {
    let hash = operator_token::hash(text).ok_or(OperatorTokenRefused::Unknown)?;
    let token = cx.store.operator_token(hash).await?.ok_or(OperatorTokenRefused::Unknown)?;
    Ok(KnownOperator { token: Arc::new(token) })
}
