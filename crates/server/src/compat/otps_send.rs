//! `POST …/otps/send`: a code is mailed.

use crate::{
    app::App,
    http::{
        body,
        caller::{Caller, Languages},
        problem::Problem,
        reply::Json,
    },
};
use authmint_domain::flow::sign_in::email::{self, SendCodeError};
use authmint_protocol::wire::sign_in::{SendCodeRequest, SendCodeResponse};
use axum::extract::State;

/// Mails a code to an address.
#[utoipa::path(
    post, path = "/api/2024-09-26/session/sdk/auth/otps/send", operation_id = "send_code", tag = "sign-in",
    security(("client_key" = []), ("server_key" = [])),
    request_body = SendCodeRequest,
    responses(
        (status = 200, description = "The code is on its way; the same whether the user exists or not.",
            body = SendCodeResponse),
        (status = 429, description = "Too soon, or too often."),
    ),
)]
pub(crate) async fn send_code(
    State(app): State<App>,
    caller: Caller,
    Languages(languages): Languages,
    body::Json(request): body::Json<SendCodeRequest>,
) -> Result<Json<SendCodeResponse>, Problem> {
    let sent = email::send_code(app.context(), &caller.grant, &request.email, &languages).await;
    match &sent {
        Err(SendCodeError::TooSoon(_)) => app.metrics().limited("resend"),
        Err(SendCodeError::Limited(_)) => app.metrics().limited("codes"),
        _ => {}
    }
    Ok(Json(SendCodeResponse { email_id: sent?.email_id }))
}
