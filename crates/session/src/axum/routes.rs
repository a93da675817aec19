//! The ready routes, mounted in axum.

use crate::{
    client::{Auth, Host},
    error::AuthError,
    guard::RequestHead,
    web::{BODY_LIMIT, Route},
};
use ::axum::{
    Router,
    body::{Body, HttpBody},
    extract::{OriginalUri, Request, State},
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

/// The routes of a sign-in, to be nested where the app wants them:
///
/// - `GET /sign-in` sends a person to the service's sign-in page, and `GET /callback` takes them back: signed in, to where
///   the parameter `return_to` of the first said. Register the callback's URL for the project.
/// - `POST /sign-out` is the same as `/logout` for a form of the app's own pages: it ends at its `return_to`.
/// - `POST /exchange` with `{"oneTimeSecret"}` finishes a sign-in that a script of the app's page made.
/// - `POST /refresh` renews the session by its cookies, or by `{"refresh"}`.
/// - `POST /logout` ends it.
///
/// What is posted must come of the same origin, to the last three as JSON or without a body of at most [`BODY_LIMIT`] bytes.
pub fn routes<H: Host, S: Clone + Send + Sync + 'static>(auth: Auth<H>) -> Router<S> {
    let mounted = Route::ALL.into_iter().fold(Router::new(), |router, route| {
        let serve = move |State(auth), request| serve::<H>(route, auth, request);
        router.route(route.path(), if route.is_link() { get(serve) } else { post(serve) })
    });
    mounted.with_state(auth)
}

async fn serve<H: Host>(route: Route, auth: Auth<H>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let head = RequestHead::from(&parts);
    let body = match route.admit(head, !HttpBody::is_end_stream(&body)) {
        Ok(()) => read(body).await,
        Err(refused) => Err(refused),
    };
    // As the browser sent it: nested routers see the rest of the path alone.
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    route.answer(&auth, head, target, body).await.map(Body::from)
}

async fn read(body: Body) -> Result<Bytes, AuthError> {
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|_| AuthError::BODY_UNREADABLE)?;
    Ok(body.to_bytes())
}
