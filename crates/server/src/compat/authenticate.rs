//! `POST …/authenticate`: a code is traded for a one-time secret.

use super::callback_url::CallbackUrl;
use crate::{
    app::App,
    http::{caller::Caller, problem::Problem, query::Query, reply::Json},
};
use authmint_domain::{
    flow::sign_in::email::{AuthenticateError, EnteredCode, authenticate as finish},
    method::email::METHOD,
};
use authmint_protocol::{ErrorCode, wire::sign_in::SignInResponse};
use axum::extract::State;

/// Trades a code for a one-time secret.
#[utoipa::path(
    post, path = "/api/2024-09-26/session/sdk/auth/authenticate", operation_id = "authenticate", tag = "sign-in",
    security(("client_key" = []), ("server_key" = [])),
    params(
        ("signinAuthenticationMethod" = String, Query, description = "`email`."),
        ("email" = String, Query, description = "The address as it was typed."),
        ("state" = String, Query, description = "The `emailId` that came when the code was asked for."),
        ("token" = String, Query, description = "The six digits."),
        ("callbackUrl" = Option<String>, Query, description = "Where the one-time secret is taken to."),
        ("locale" = Option<String>, Query, description = "Of no effect here."),
    ),
    responses((status = 200, description = "A one-time secret.", body = SignInResponse)),
)]
pub(crate) async fn authenticate(
    State(app): State<App>,
    caller: Caller,
    query: Query,
) -> Result<Json<SignInResponse>, Problem> {
    // Everything that could be wrong with the request is looked at before the code is spent.
    let callback = CallbackUrl::parse(query.optional("callbackUrl")?)?;
    match query.required("signinAuthenticationMethod")? {
        METHOD => {}
        _ => {
            return Err(Problem::new(
                ErrorCode::MethodUnsupported,
                "this service offers sign-in by email only",
            ));
        }
    }
    let entered = EnteredCode {
        email: query.required("email")?,
        state: query.required("state")?,
        token: query.required("token")?,
    };
    let proven = finish(app.context(), &caller.grant, entered).await;
    app.metrics().signed_in(METHOD, proven.as_ref().err().map(AuthenticateError::code));
    let one_time_secret = proven?;
    let callback_url = callback.with_secret(&one_time_secret);
    Ok(Json(SignInResponse { one_time_secret, callback_url }))
}
