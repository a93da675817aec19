//! `Session` and `MaybeSession` as arguments of a handler.

use super::headers::response;
use crate::{
    session::Session,
    web::{AuthRejection, Checked},
};
use ::actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError, dev::Payload, http::StatusCode,
};
use std::future::{Ready, ready};

/// The session of a request to a handler that serves strangers too.
///
/// None for whoever is not signed in. While nobody can tell (the service is out of reach and the JWT has ended), the
/// request is refused: an honest user must not be shown a page for strangers.
///
/// `Option<Session>` is actix-web's own, and cannot make that difference: it is none for any reason.
#[derive(Debug, Clone)]
pub struct MaybeSession(pub Option<Session>);

impl ResponseError for AuthRejection {
    fn status_code(&self) -> StatusCode {
        self.error_response().status()
    }

    fn error_response(&self) -> HttpResponse {
        response(self.answer())
    }
}

impl FromRequest for Session {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, AuthRejection>>;

    /// The session of the request; `Result<Session, AuthRejection>` tells a handler why there is none.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Checked::demand(request.extensions().get()).map_err(AuthRejection))
    }
}

impl FromRequest for MaybeSession {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, AuthRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Checked::ask(request.extensions().get()).map(Self).map_err(AuthRejection))
    }
}
