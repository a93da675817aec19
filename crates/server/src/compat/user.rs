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

/// Whose JWT it is, the user is: nothing else in the request can say otherwise.
pub(crate) async fn by_session_jwt(
    State(app): State<App>,
    caller: Caller,
    Bearer(jwt): Bearer,
) -> Result<Json<User>, Problem> {
    let user = whoami::by_session_jwt(app.context(), &caller.grant, &jwt).await?;
    Ok(Json(user.to_wire()))
}

/// Callers do not encode the ID: whatever came in its place is no ID unless it is one.
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
