//! The routes of an app's own server for its own pages.

use super::{AuthRejection, same_origin};
use crate::{
    client::{Auth, Host},
    error::AuthError,
    guard::{Outcome, RequestHead},
    session::AuthMaterial,
};
use ::axum::{
    Json, Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use authmint_protocol::{
    secret::{OneTimeSecret, RefreshToken, SessionJwt, disclose},
    wire::user::User,
};
use bytes::Bytes;
use http::{HeaderValue, header, request::Parts};
use http_body_util::{BodyExt, Limited};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The longest body that these routes read.
pub const BODY_LIMIT: usize = 16 * 1024;

/// Three routes, to be nested where the app wants them:
///
/// - `POST /exchange` with `{"oneTimeSecret"}` finishes a sign-in: it sets the session's cookies.
/// - `POST /refresh` renews the session by its cookies, or by `{"refresh"}`.
/// - `POST /logout` ends it.
///
/// They take calls of the same origin only, with JSON or without a body, and at most [`BODY_LIMIT`] bytes.
pub fn routes<H: Host, S: Clone + Send + Sync + 'static>(auth: Auth<H>) -> Router<S> {
    Router::new()
        .route("/exchange", post(exchange::<H>))
        .route("/refresh", post(refresh::<H>))
        .route("/logout", post(logout::<H>))
        .with_state(auth)
}

#[derive(Deserialize)]
struct ExchangeBody {
    #[serde(rename = "oneTimeSecret")]
    one_time_secret: OneTimeSecret,
}

#[derive(Deserialize, Default)]
struct RefreshBody {
    refresh: Option<RefreshToken>,
}

/// The answer that existing browser clients read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MaterialBody<'a> {
    #[serde(serialize_with = "disclose_ref")]
    jwt: &'a SessionJwt,
    refresh_token: RefreshBodyToken<'a>,
    user: &'a User,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefreshBodyToken<'a> {
    /// Only for a caller who held a token before: the one in an `HttpOnly` cookie stays out of reach of scripts.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    expires_at: String,
}

async fn exchange<H: Host>(State(auth): State<Auth<H>>, request: Request) -> Response {
    let (parts, body) = match read(request).await {
        Ok(read) => read,
        Err(refused) => return refused.into_response(),
    };
    match json::<ExchangeBody>(&body) {
        Ok(body) => answer(&auth.exchange(&parts, &body.one_time_secret).await, false),
        Err(refused) => refused.into_response(),
    }
}

async fn refresh<H: Host>(State(auth): State<Auth<H>>, request: Request) -> Response {
    let (parts, body) = match read(request).await {
        Ok(read) => read,
        Err(refused) => return refused.into_response(),
    };
    let body = if body.is_empty() { Ok(RefreshBody::default()) } else { json::<RefreshBody>(&body) };
    match body {
        Ok(RefreshBody { refresh }) => {
            let presented = refresh.filter(|token| !token.reveal().is_empty());
            let held_by_script = presented.is_some();
            answer(&auth.refresh(&parts, presented).await, held_by_script)
        }
        Err(refused) => refused.into_response(),
    }
}

async fn logout<H: Host>(State(auth): State<Auth<H>>, request: Request) -> Response {
    let parts = match read(request).await {
        Ok((parts, _)) => parts,
        Err(refused) => return refused.into_response(),
    };
    // The session's end at the service is tried, and logged if it fails; the user is signed out here in any case.
    let (cookies, _) = auth.logout(&parts).await;
    let mut response = no_store(Json(serde_json::json!({})).into_response());
    cookies.apply(response.headers_mut());
    response
}

/// Reads the body, once the head says that the request may come in.
async fn read(request: Request<Body>) -> Result<(Parts, Bytes), AuthRejection> {
    let (parts, body) = request.into_parts();
    let empty = HttpBody::is_end_stream(&body);
    same_origin::check(RequestHead::from(&parts), !empty).map_err(AuthRejection)?;
    let body = Limited::new(body, BODY_LIMIT).collect().await;
    let body = body.map_err(|_| {
        AuthRejection(AuthError::RequestInvalid("its body is longer than 16 KiB, or broke off"))
    })?;
    Ok((parts, body.to_bytes()))
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, AuthRejection> {
    serde_json::from_slice(body).map_err(|_| {
        AuthRejection(AuthError::RequestInvalid("its body is not the JSON that this route takes"))
    })
}

fn answer(outcome: &Outcome, held_by_script: bool) -> Response {
    let mut response = match &outcome.session {
        Ok(session) => match session.renewed() {
            Some(material) => no_store(Json(MaterialBody::of(material, held_by_script)).into_response()),
            None => no_store(Json(serde_json::json!({})).into_response()),
        },
        Err(error) => AuthRejection(error.clone()).into_response(),
    };
    outcome.cookies.apply(response.headers_mut());
    response
}

impl<'a> MaterialBody<'a> {
    fn of(material: &'a AuthMaterial, held_by_script: bool) -> Self {
        Self {
            jwt: &material.jwt,
            refresh_token: RefreshBodyToken {
                secret: held_by_script.then(|| material.refresh_token.reveal()),
                expires_at: material.refresh_expires_at.to_iso8601(),
            },
            user: &material.user,
        }
    }
}

fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

fn disclose_ref<S: serde::Serializer>(secret: &&SessionJwt, serializer: S) -> Result<S::Ok, S::Error> {
    disclose(*secret, serializer)
}
