//! `Session` and `Option<Session>` as arguments of a handler.

use crate::{
    session::Session,
    web::{AuthRejection, Checked},
};
use ::axum::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        self.answer().map(Body::from)
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = AuthRejection;

    /// The session of the request; `Result<Session, AuthRejection>` tells a handler why there is none.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        Checked::demand(parts.extensions.get()).map_err(AuthRejection)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = AuthRejection;

    /// None for whoever is not signed in. While nobody can tell (the service is out of reach and the JWT has ended),
    /// the request is refused: an honest user must not be shown a page for strangers.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, AuthRejection> {
        Checked::ask(parts.extensions.get()).map_err(AuthRejection)
    }
}
