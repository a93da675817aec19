//! `POST …/logout`: a session is ended. Answers alike whatever it found, but only once the end is durable.

use crate::{
    app::App,
    http::{body, caller::Caller, problem::Problem, reply::Json},
};
use authmint_domain::flow::sign_out::sign_out;
use authmint_protocol::wire::session::LogoutRequest;
use axum::extract::State;
use serde::Serialize;

/// `{}`.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignedOut {}

/// Ends a session; the same answer whatever was found.
#[utoipa::path(
    post, path = "/api/2024-09-26/session/sdk/auth/logout", operation_id = "sign_out", tag = "sessions",
    security(("client_key" = []), ("server_key" = [])),
    request_body = Option<LogoutRequest>,
    responses((status = 200, description = "The session is over, or there was none.", body = SignedOut)),
)]
pub(crate) async fn logout(
    State(app): State<App>,
    caller: Caller,
    body::OptionalJson(request): body::OptionalJson<LogoutRequest>,
) -> Result<Json<SignedOut>, Problem> {
    if let Some(token) = request.and_then(|request| request.refresh) {
        sign_out(app.context(), &caller.grant, &token).await?;
    }
    Ok(Json(SignedOut {}))
}
