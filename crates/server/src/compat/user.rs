//! `GET …/sdk/auth/user`: one's own profile by session JWT, any user's by server key.

use crate::{
    app::App,
    http::{
        caller::{Bearer, Caller},
        problem::Problem,
        reply::Json,
    },
};
use authmint_domain::{flow::whoami, model::project::Scope};
use authmint_protocol::{ErrorCode, wire::user::User};
use axum::extract::{Path, State, rejection::PathRejection};

/// One's own profile: whose JWT it is, the user is, whatever else the request says.
#[utoipa::path(
    get, path = "/api/2024-09-26/sdk/auth/user", operation_id = "show_own_profile", tag = "sessions",
    security(("client_key" = [], "session_jwt" = []), ("server_key" = [], "session_jwt" = [])),
    responses((status = 200, description = "The user of the session JWT.", body = User)),
)]
pub(crate) async fn by_session_jwt(
    State(app): State<App>,
    caller: Caller,
    Bearer(jwt): Bearer,
) -> Result<Json<User>, Problem> {
    let user = whoami::by_session_jwt(app.context(), &caller.grant, &jwt).await?;
    Ok(Json(user.to_wire()))
}

/// Any user's profile.
// Callers do not encode the ID: whatever came in its place is no ID unless it is one.
#[utoipa::path(
    get, path = "/api/2024-09-26/sdk/auth/user/{id}", operation_id = "show_profile", tag = "users",
    security(("server_key" = ["users.read"])),
    params(("id" = String, Path, description = "The user.", format = "uuid")),
    responses((status = 200, description = "The user.", body = User)),
)]
pub(crate) async fn by_id(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<User>, Problem> {
    caller.grant.require_server(Scope::UsersRead)?;
    let Ok(Path(id)) = id else {
        return Err(Problem::new(ErrorCode::UserUnknown, "no such user in this project"));
    };
    let user = whoami::by_id(app.context(), &caller.grant, &id).await?;
    Ok(Json(user.to_wire()))
}
