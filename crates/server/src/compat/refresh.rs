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
