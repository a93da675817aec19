//! `POST …/otps/send`: a code is mailed.

use crate::{
    app::App,
    http::{body, caller::Caller, problem::Problem, reply::Json},
};
use authmint_domain::flow::sign_in::email::{self, SendCodeError};
use authmint_protocol::wire::sign_in::{SendCodeRequest, SendCodeResponse};
use axum::extract::State;

pub(crate) async fn send_code(
    State(app): State<App>,
    caller: Caller,
    body::Json(request): body::Json<SendCodeRequest>,
) -> Result<Json<SendCodeResponse>, Problem> {
    let sent = email::send_code(app.context(), &caller.grant, &request.email).await;
    match &sent {
        Err(SendCodeError::TooSoon(_)) => app.metrics().limited("resend"),
        Err(SendCodeError::Limited(_)) => app.metrics().limited("codes"),
        _ => {}
    }
    Ok(Json(SendCodeResponse { email_id: sent? }))
}
