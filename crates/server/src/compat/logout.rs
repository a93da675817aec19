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
#[derive(Serialize)]
pub(crate) struct SignedOut {}

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
