//! Request bodies: bounded in size and time, JSON or nothing.

use super::{problem::Problem, query::Query};
use crate::app::{App, HttpLimits};
use authmint_protocol::{ErrorCode, wire::object::object};
use axum::{body::Body, extract::FromRequest, extract::Request};
use bytes::{Bytes, BytesMut};
use http::header;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

/// How much of a body that is too large is read and thrown away, in bodies of the largest size: a client that is
/// still writing sees the refusal rather than a broken connection.
const SWALLOWED: usize = 16;

/// A body that must be the JSON of a `T`.
pub(crate) struct Json<T>(pub(crate) T);

/// A body that may be missing; existing clients name a content type on calls without a body, too.
pub(crate) struct OptionalJson<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        OptionalJson::from_request(request, app).await?.0.map(Self).ok_or_else(invalid)
    }
}

impl<T: DeserializeOwned> FromRequest<App> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = read(request, &app.config().limits).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        // What the parser says may quote the body, secrets and all; so it stays here.
        from_object(&bytes).map(|value| Self(Some(value))).map_err(|_| invalid())
    }
}

/// A body that is the JSON of a `T`, or the same names as a form, which is what OAuth clients send.
pub(crate) struct JsonOrForm<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonOrForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Json::from_request(request, app).await.map(|Json(value)| Self(value));
        }
        let bytes = read(request, &app.config().limits).await?;
        from_form(&bytes).map(Self).ok_or_else(invalid)
    }
}

/// The fields of a form, which a page of ours sends.
pub(crate) async fn form(request: Request, limits: &HttpLimits) -> Result<Query, Problem> {
    let bytes = read(request, limits).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid())?;
    Ok(Query::parse(text))
}

/// Each name once, and an empty value is none (RFC 6749, section 3.2).
fn from_form<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut fields = serde_json::Map::new();
    for (name, value) in url::form_urlencoded::parse(bytes) {
        if fields.insert(name.into_owned(), value.into_owned().into()).is_some() {
            return None;
        }
    }
    fields.retain(|_, value| value != "");
    serde_json::from_value(fields.into()).ok()
}

fn from_object<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = object(&mut deserializer)?;
    deserializer.end().map(|()| value)
}

/// Reads a small body before anyone decides about the request.
///
/// A refusal that leaves the body unread makes the connection close under a client that is still writing; what it
/// then sees, here or on its next request, is a network fault instead of the refusal, and some sign out on one.
pub(super) async fn take_in(request: Request, limits: &HttpLimits) -> Result<Request, Problem> {
    let small = announced(&request).is_some_and(|length| 0 < length && length <= limits.body as u64);
    if !small || request.headers().contains_key(header::EXPECT) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let body = Body::from(in_time(body, limits).await?);
    Ok(Request::from_parts(parts, body))
}

fn announced(request: &Request) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn in_time(body: Body, limits: &HttpLimits) -> Result<Bytes, Problem> {
    match tokio::time::timeout(limits.body_timeout, collect(body, limits.body)).await {
        Ok(read) => read,
        Err(_elapsed) => Err(Problem::new(ErrorCode::RequestTimeout, "the body did not arrive in time")),
    }
}

fn invalid() -> Problem {
    Problem::new(ErrorCode::BodyInvalid, "the body is not the JSON object that this call expects")
}

fn too_large(limit: usize) -> Problem {
    Problem::new(ErrorCode::BodyTooLarge, format!("the body is limited to {limit} bytes"))
}

async fn read(request: Request, limits: &HttpLimits) -> Result<Bytes, Problem> {
    let limit = limits.body;
    let waits = request.headers().contains_key(header::EXPECT);
    if waits && announced(&request).is_some_and(|length| length > limit as u64) {
        // The client asked before it sends: nothing is on its way.
        return Err(too_large(limit));
    }
    in_time(request.into_body(), limits).await
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let (mut first, mut rest, mut len) = (Bytes::new(), BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Problem::new(ErrorCode::BodyInvalid, "the body broke off before its end"))?;
        let Ok(data) = frame.into_data() else { continue };
        len = len.saturating_add(data.len());
        if len > limit.saturating_mul(SWALLOWED) {
            break;
        }
        if len > limit {
            rest.clear();
        } else if first.is_empty() {
            // Nearly every body comes in one piece, and is not copied.
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    match () {
        () if len > limit => Err(too_large(limit)),
        () if rest.is_empty() => Ok(first),
        () => Ok(rest.freeze()),
    }
}
