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
use authmint_domain::{
    flow::{
        exchange::{self, ExchangeError},
        refresh::AuthMaterial,
    },
    model::{assertion::TradeRefused, grant::ProjectGrant, session::Device},
};
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
    let AuthMaterial { jwt, refresh_token, expires_at, user, .. } =
        trade(&app, &caller.grant, &request, device).await?;
    Ok(Json(RefreshResponse {
        jwt,
        refresh: RefreshMaterial::new(refresh_token, expires_at),
        user: user.to_wire(),
    }))
}

/// Trades by what is known of the project's issuers; what that refuses is held against what is true now, if it is another.
async fn trade(
    app: &App,
    grant: &ProjectGrant,
    request: &ExchangeRequest,
    device: Device,
) -> Result<AuthMaterial, ExchangeError> {
    let (cx, project_id) = (app.context(), grant.project().id);
    let named = request.issuer.as_deref().filter(|name| !name.is_empty());
    let asked = (&request.subject_token, named);
    let Some(recent) = app.known_issuers().recent(cx, project_id) else {
        let trusted = app.known_issuers().current(cx, project_id).await?;
        return exchange::exchange(cx, grant, &trusted, asked, device).await;
    };
    let refused = match exchange::exchange(cx, grant, &recent, asked, device.clone()).await {
        Err(
            error @ (ExchangeError::NotTrusted(_)
            | ExchangeError::Invalid(_)
            | ExchangeError::Refused(TradeRefused::Untrusted)),
        ) => error,
        traded => return traded,
    };
    let trusted = app.known_issuers().current(cx, project_id).await?;
    if trusted == recent {
        return Err(refused);
    }
    exchange::exchange(cx, grant, &trusted, asked, device).await
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
