//! `/dev`: what development mode alone offers.

use crate::{
    app::App,
    http::{body, problem::Problem, reply::Json},
};
use authmint_protocol::ErrorCode;
use axum::extract::State;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The farthest that one call moves the clock: ten years.
const FARTHEST_S: u64 = 10 * 366 * 86_400;

/// Body of `POST /dev/clock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    advance_s: u64,
}

/// Answer to it.
#[derive(Serialize)]
pub(crate) struct Advanced {
    now: String,
    unix_s: i64,
}

/// Moves the service's clock forward.
///
/// JSON must be named as such: a page of another origin cannot do that without a preflight, which is not answered here.
pub(crate) async fn advance_clock(
    State(app): State<App>,
    headers: HeaderMap,
    body::Json(Advance { advance_s }): body::Json<Advance>,
) -> Result<Json<Advanced>, Problem> {
    let named = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_json =
        named.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(Problem::new(
            ErrorCode::BodyInvalid,
            "send this body with content-type: application/json",
        ));
    }
    if advance_s > FARTHEST_S {
        return Err(Problem::new(ErrorCode::BodyInvalid, "advance_s is limited to ten years in one call"));
    }
    let advanced = app.context().clock.advance(Duration::from_secs(advance_s));
    let now = advanced.map_err(|fixed| Problem::new(ErrorCode::NotFound, fixed.to_string()))?;
    // What falls due in the time that passed is done before anybody sees the new time.
    app.keep_signing_keys().await.map_err(|error| {
        tracing::warn!(%error, "the signing keys could not be looked after");
        Problem::unavailable()
    })?;
    Ok(Json(Advanced { now: now.to_iso8601(), unix_s: now.unix_seconds() }))
}
