//! What the guard answers, as plain JavaScript values.

use crate::convert::{Fault, json, retry_after};
use authmint::{
    AuthError, Session,
    guard::{Outcome, SetCookies, Then},
};
use authmint_protocol::{secret::RefreshToken, time::Timestamp};
#[cfg(not(target_arch = "wasm32"))]
use napi_derive::napi;

/// What a JWT says, or why it is refused.
#[cfg(not(target_arch = "wasm32"))]
#[napi(object, object_from_js = false)]
pub struct Verified {
    /// All claims, as JSON.
    pub claims: Option<String>,
    /// Why it is refused.
    pub error: Option<NodeError>,
}

/// `Set-Cookie` values, or why there are none.
#[cfg_attr(not(target_arch = "wasm32"), napi(object, object_from_js = false))]
#[cfg_attr(target_arch = "wasm32", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Cookies {
    /// The values.
    pub values: Vec<String>,
    /// Why there are none.
    pub error: Option<NodeError>,
}

/// The end of a conversation.
#[cfg_attr(not(target_arch = "wasm32"), napi(object, object_from_js = false))]
#[cfg_attr(target_arch = "wasm32", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct NodeOutcome {
    /// The session, if there is one.
    pub session: Option<NodeSession>,
    /// Why there is none.
    pub error: Option<NodeError>,
    /// `Set-Cookie` values for the app's answer.
    pub cookies: Vec<String>,
    /// Where a person goes on whose sign-in this is.
    pub location: Option<String>,
    /// The page that they see instead, in HTML.
    pub page: Option<String>,
}

/// A session.
#[cfg_attr(not(target_arch = "wasm32"), napi(object, object_from_js = false))]
#[cfg_attr(target_arch = "wasm32", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct NodeSession {
    /// The user's ID.
    pub user_id: String,
    /// The session JWT.
    pub jwt: String,
    /// The refresh token; empty if none came.
    pub refresh_token: String,
    /// When the session ends if nothing refreshes it; empty if it was not renewed.
    pub expires_at: String,
    /// The user as JSON, if it was renewed.
    pub user: Option<String>,
    /// Who vouches for the user, if it is another issuer than the service.
    pub issuer: Option<String>,
}

/// An error as values.
#[cfg_attr(not(target_arch = "wasm32"), napi(object, object_from_js = false))]
#[cfg_attr(target_arch = "wasm32", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct NodeError {
    /// The stable code.
    pub code: String,
    /// The sentence for a person, remedy included.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// The HTTP status that says the same.
    pub status: u16,
    /// When the service wants to be asked again, in milliseconds from now.
    pub retry_after: Option<f64>,
}

impl From<&Outcome> for NodeOutcome {
    fn from(outcome: &Outcome) -> Self {
        let (session, error) = match &outcome.session {
            Ok(session) => (Some(session.into()), None),
            Err(error) => (None, Some(error.into())),
        };
        let (location, page) = match outcome.then.clone() {
            Some(Then::Redirect(url)) => (Some(url), None),
            Some(Then::Page(html)) => (None, Some(html)),
            None => (None, None),
        };
        Self { session, error, cookies: values(&outcome.cookies), location, page }
    }
}

impl From<&Session> for NodeSession {
    fn from(session: &Session) -> Self {
        let token = session.refresh_token().map_or("", RefreshToken::reveal);
        let ends = session.refresh_expires_at().map(Timestamp::to_iso8601);
        Self {
            user_id: session.user_id().to_owned(),
            jwt: session.jwt().reveal().to_owned(),
            refresh_token: token.to_owned(),
            expires_at: ends.unwrap_or_default(),
            user: session.renewed().map(|material| json(&material.user)),
            issuer: foreign_issuer(session),
        }
    }
}

impl From<&AuthError> for NodeError {
    fn from(error: &AuthError) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            retryable: error.is_retryable(),
            status: error.status(),
            retry_after: retry_after(error),
        }
    }
}

impl From<Fault> for NodeError {
    /// A fault of options or of a token in hand: the same again fails again.
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code.to_owned(),
            message: fault.message,
            retryable: false,
            status: fault.status,
            retry_after: None,
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl From<Result<String, Fault>> for Verified {
    fn from(result: Result<String, Fault>) -> Self {
        match result {
            Ok(claims) => Self { claims: Some(claims), error: None },
            Err(fault) => Self { claims: None, error: Some(fault.into()) },
        }
    }
}

/// Who vouches for the user, if it is another issuer than the service.
pub(crate) fn foreign_issuer(session: &Session) -> Option<String> {
    session.issuer().filter(|_| session.is_foreign()).map(str::to_owned)
}

/// The `Set-Cookie` values.
pub(crate) fn values(cookies: &SetCookies) -> Vec<String> {
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    cookies.values().map(text).collect()
}
