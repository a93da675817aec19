//! The ready routes, mounted in actix-web.

use super::headers::response;
use crate::{
    client::{Auth, Host},
    error::AuthError,
    guard::RequestHead,
    web::{BODY_LIMIT, Route},
};
use ::actix_web::{
    HttpRequest, HttpResponse,
    body::{BodyStream, to_bytes_limited},
    dev::Payload,
    web::{self, ServiceConfig},
};
use bytes::Bytes;

/// The routes of a sign-in, for [`Scope::configure`](::actix_web::Scope::configure) of the scope where the app wants them:
///
/// - `GET /sign-in` sends a person to the service's sign-in page, and `GET /callback` takes them back: signed in, to where
///   the parameter `return_to` of the first said. Register the callback's URL for the project.
/// - `POST /sign-out` is the same as `/logout` for a form of the app's own pages: it ends at its `return_to`.
/// - `POST /exchange` with `{"oneTimeSecret"}` finishes a sign-in that a script of the app's page made.
/// - `POST /refresh` renews the session by its cookies, or by `{"refresh"}`.
/// - `POST /logout` ends it.
///
/// What is posted must come of the same origin, to the last three as JSON or without a body of at most [`BODY_LIMIT`] bytes.
pub fn routes<H: Host>(auth: Auth<H>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        for route in Route::ALL {
            let auth = auth.clone();
            let serve =
                move |request, body: web::Payload| serve(route, auth.clone(), request, body.into_inner());
            let method = if route.is_link() { web::get() } else { web::post() };
            config.service(web::resource(route.path()).route(method.to(serve)));
        }
    }
}

async fn serve<H: Host>(route: Route, auth: Auth<H>, request: HttpRequest, body: Payload) -> HttpResponse {
    let head = RequestHead::from(&request);
    let body = match route.admit(head, !matches!(body, Payload::None)) {
        Ok(()) => read(body).await,
        Err(refused) => Err(refused),
    };
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    response(route.answer(&auth, head, target, body).await)
}

async fn read(body: Payload) -> Result<Bytes, AuthError> {
    match to_bytes_limited(BodyStream::new(body), BODY_LIMIT).await {
        Ok(Ok(body)) => Ok(body),
        _ => Err(AuthError::BODY_UNREADABLE),
    }
}
