use crate::error::AuthError;
use authmint_protocol::wire::problem::Problem;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// The answer to a request that has no session although its handler needs one: JSON with a stable code.
///
/// 401 means that the user must sign in, 503 that nobody can tell at the moment, 500 that the app must be mended.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct AuthRejection(pub AuthError);

impl AuthRejection {
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn answer(&self) -> Response<Bytes> {
        let Self(error) = self;
        let problem = Problem { error: true, message: error.to_string(), code: error.code().to_owned() };
        let mut answer = super::routes::json(&problem, "no-store");
        *answer.status_mut() = self.status();
        if let AuthError::Unavailable { retry_after, .. } = error {
            let seconds = retry_after.map_or(1, |span| span.as_secs().max(1));
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
