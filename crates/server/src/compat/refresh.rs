//! `POST …/refresh`: a refresh token or a one-time secret is traded for auth material.

use crate::{
    app::App,
    http::{
        body,
        caller::{Caller, CallerDevice},
        problem::Problem,
        reply::Json,
    },
};
use authmint_domain::flow::refresh::{AuthMaterial, refresh as trade};
use authmint_protocol::wire::session::{RefreshMaterial, RefreshRequest, RefreshResponse};
use axum::extract::State;

/// Trades a refresh token, or a first time a one-time secret, for auth material.
#[utoipa::path(
    post, path = "/api/2024-09-26/session/sdk/auth/refresh", operation_id = "refresh", tag = "sessions",
    security(("client_key" = []), ("server_key" = [])),
    request_body = RefreshRequest,
    responses((status = 200, description = "Auth material.", body = RefreshResponse)),
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    caller: Caller,
    CallerDevice(device): CallerDevice,
    body::Json(request): body::Json<RefreshRequest>,
) -> Result<Json<RefreshResponse>, Problem> {
    let traded = trade(app.context(), &caller.grant, &request.refresh, device).await;
    app.metrics().refreshed(&traded);
    let AuthMaterial { jwt, refresh_token, expires_at, user, .. } = traded?;
    Ok(Json(RefreshResponse {
        jwt,
        refresh: RefreshMaterial::new(refresh_token, expires_at),
        user: user.to_wire(),
    }))
}
