//! `Session` and `Option<Session>` as arguments of a handler.

use crate::{error::AuthError, session::Session, tower::Checked};
use ::axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use authmint_protocol::wire::problem::Problem;
use http::{HeaderValue, StatusCode, header, request::Parts};

/// The answer to a request that has no session although its handler needs one: JSON with a stable code.
///
/// 401 means that the user must sign in, 503 that nobody can tell at the moment, 500 that the app must be mended.
#[derive(Debug, Clone)]
pub struct AuthRejection(pub AuthError);

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        let error = self.0;
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Problem { error: true, message: error.to_string(), code: error.code().to_owned() };
        let mut response = (status, ::axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let AuthError::Unavailable { retry_after, .. } = error {
            let seconds = retry_after.map_or(1, |span| span.as_secs().max(1));
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = AuthRejection;

    /// The session of the request; `Result<Session, AuthRejection>` tells a handler why there is none.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        checked(parts).map_err(AuthRejection)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = AuthRejection;

    /// None for whoever is not signed in. While nobody can tell (the service is out of reach and the JWT has ended),
    /// the request is refused: an honest user must not be shown a page for strangers.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, AuthRejection> {
        match checked(parts) {
            Ok(session) => Ok(Some(session)),
            Err(error) if error.status() == 401 => Ok(None),
            Err(error) => Err(AuthRejection(error)),
        }
    }
}

/// What the layer found; without the layer nobody is let in.
fn checked(parts: &Parts) -> Result<Session, AuthError> {
    match parts.extensions.get::<Checked>() {
        Some(checked) => checked.clone().into_session(),
        None => Err(AuthError::LayerMissing),
    }
}
