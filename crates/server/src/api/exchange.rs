//! `POST /api/v1/sessions/exchange`: a JWT of an issuer that the project trusts is traded for auth material.

use crate::{
    app::App,
    http::{
        body,
        caller::{Caller, CallerDevice},
        problem::Problem,
        reply::Json,
    },
};
use authmint_domain::flow::{exchange::exchange as trade, refresh::AuthMaterial};
use authmint_protocol::{
    ErrorCode,
    wire::{
        issuer::ExchangeRequest,
        session::{RefreshMaterial, RefreshResponse},
    },
};
use axum::extract::State;

/// The one grant (RFC 8693, section 2.1).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What a JWT may be called (RFC 8693, section 3).
const TOKEN_TYPES: [&str; 3] = [
    "urn:ietf:params:oauth:token-type:jwt",
    "urn:ietf:params:oauth:token-type:id_token",
    "urn:ietf:params:oauth:token-type:access_token",
];

/// Trades a JWT of an issuer that the project trusts for auth material; from then on the session is like any other.
#[utoipa::path(
    post, path = "/api/v1/sessions/exchange", operation_id = "exchange", tag = "sessions",
    security(("client_key" = []), ("server_key" = [])),
    request_body(content(
        (ExchangeRequest = "application/json"),
        (ExchangeRequest = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "Auth material.", body = RefreshResponse),
        (status = 409, description = "The JWT was traded before."),
    ),
)]
pub(crate) async fn exchange(
    State(app): State<App>,
    caller: Caller,
    CallerDevice(device): CallerDevice,
    body::JsonOrForm(request): body::JsonOrForm<ExchangeRequest>,
) -> Result<Json<RefreshResponse>, Problem> {
    check(&request)?;
    let named = request.issuer.as_deref().filter(|name| !name.is_empty());
    let AuthMaterial { jwt, refresh_token, expires_at, user, .. } =
        trade(app.context(), &caller.grant, &request.subject_token, named, device).await?;
    Ok(Json(RefreshResponse {
        jwt,
        refresh: RefreshMaterial::new(refresh_token, expires_at),
        user: user.to_wire(),
    }))
}

fn check(request: &ExchangeRequest) -> Result<(), Problem> {
    let unfit = |text: String| Err(Problem::new(ErrorCode::ParameterInvalid, text));
    if request.grant_type != GRANT {
        return unfit(format!("grant_type must be {GRANT}"));
    }
    if !TOKEN_TYPES.contains(&request.subject_token_type.as_str()) {
        return unfit(format!("subject_token_type must be one of {}", TOKEN_TYPES.join(", ")));
    }
    Ok(())
}
