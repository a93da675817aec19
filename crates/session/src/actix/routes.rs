//! The ready routes, mounted in actix-web.

use super::headers::response;
use crate::{
    client::{Auth, Host},
    error::AuthError,
    guard::RequestHead,
    web::{BODY_LIMIT, Route, check_origin},
};
use ::actix_web::{
    HttpRequest, HttpResponse,
    body::{BodyStream, to_bytes_limited},
    dev::Payload,
    web::{self, ServiceConfig},
};
use bytes::Bytes;

/// Three routes, for [`Scope::configure`](::actix_web::Scope::configure) of the scope where the app wants them:
///
/// - `POST /exchange` with `{"oneTimeSecret"}` finishes a sign-in: it sets the session's cookies.
/// - `POST /refresh` renews the session by its cookies, or by `{"refresh"}`.
/// - `POST /logout` ends it.
///
/// They take calls of the same origin only, with JSON or without a body, and at most [`BODY_LIMIT`] bytes.
pub fn routes<H: Host>(auth: Auth<H>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        for route in Route::ALL {
            let auth = auth.clone();
            let serve =
                move |request, body: web::Payload| serve(route, auth.clone(), request, body.into_inner());
            config.service(web::resource(route.path()).route(web::post().to(serve)));
        }
    }
}

async fn serve<H: Host>(route: Route, auth: Auth<H>, request: HttpRequest, body: Payload) -> HttpResponse {
    let head = RequestHead::from(&request);
    let body = match check_origin(head, !matches!(body, Payload::None)) {
        Ok(()) => read(body).await,
        Err(refused) => Err(refused),
    };
    response(route.answer(&auth, head, body).await)
}

async fn read(body: Payload) -> Result<Bytes, AuthError> {
    match to_bytes_limited(BodyStream::new(body), BODY_LIMIT).await {
        Ok(Ok(body)) => Ok(body),
        _ => Err(AuthError::BODY_UNREADABLE),
    }
}
