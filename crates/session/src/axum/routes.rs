//! The ready routes, mounted in axum.

use crate::{
    client::{Auth, Host},
    error::AuthError,
    guard::RequestHead,
    web::{BODY_LIMIT, Route, check_origin},
};
use ::axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    response::Response,
    routing::post,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

/// Three routes, to be nested where the app wants them:
///
/// - `POST /exchange` with `{"oneTimeSecret"}` finishes a sign-in: it sets the session's cookies.
/// - `POST /refresh` renews the session by its cookies, or by `{"refresh"}`.
/// - `POST /logout` ends it.
///
/// They take calls of the same origin only, with JSON or without a body, and at most [`BODY_LIMIT`] bytes.
pub fn routes<H: Host, S: Clone + Send + Sync + 'static>(auth: Auth<H>) -> Router<S> {
    let mounted = Route::ALL.into_iter().fold(Router::new(), |router, route| {
        router.route(route.path(), post(move |State(auth), request| serve::<H>(route, auth, request)))
    });
    mounted.with_state(auth)
}

async fn serve<H: Host>(route: Route, auth: Auth<H>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let head = RequestHead::from(&parts);
    let body = match check_origin(head, !HttpBody::is_end_stream(&body)) {
        Ok(()) => read(body).await,
        Err(refused) => Err(refused),
    };
    route.answer(&auth, head, body).await.map(Body::from)
}

async fn read(body: Body) -> Result<Bytes, AuthError> {
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|_| AuthError::BODY_UNREADABLE)?;
    Ok(body.to_bytes())
}
