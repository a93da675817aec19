//! `/api/v1/users/{user_id}/sessions` and `/api/v1/sessions`: what is signed in, and its end.

use crate::{
    app::App,
    http::{
        body,
        caller::{Caller, CallerDevice},
        manager::{Manager, OfProject},
        page::{List, Paging},
        path_id::Id,
        problem::Problem,
        query::Query,
        reply::Json,
    },
};
use authmint_domain::{
    flow::{
        admin::{
            session::{self, SessionCursor},
            user,
        },
        refresh::AuthMaterial,
        sign_in::page,
    },
    model::project::Scope,
};
use authmint_protocol::{
    id::{SessionId, UserId},
    time::Timestamp,
    wire::{
        admin::{Page, Session, User},
        session::{CodeRequest, RefreshMaterial, RefreshResponse},
    },
};
use axum::extract::State;

/// The sessions of a user, the newest first, ended ones too.
#[utoipa::path(
    get, path = "/api/v1/users/{user_id}/sessions", operation_id = "list_sessions", tag = "sessions",
    security(("server_key" = ["sessions.read"]), ("operator_token" = [])),
    params(Id<UserId>, OfProject, Paging),
    responses((status = 200, description = "A page of sessions.", body = Page<Session>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<UserId>,
    query: Query,
) -> Result<Json<Page<Session>>, Problem> {
    let grant = manager.manage(&app, &query, Scope::SessionsRead).await?;
    let list = ["sessions", &grant.project_id().to_string(), &id.to_string()];
    let paging = Paging::read(&query, List::of(&list))?;
    let after = paging.after(read_cursor)?;
    let page = session::list(app.context(), &grant, id, after, paging.limit).await?;
    Ok(Json(paging.answer(page, |one| one.to_wire(), write_cursor)))
}

/// Signs a user out everywhere; the user may sign in again.
#[utoipa::path(
    delete, path = "/api/v1/users/{user_id}/sessions", operation_id = "end_sessions", tag = "sessions",
    security(("server_key" = ["sessions.revoke"]), ("operator_token" = [])),
    params(Id<UserId>, OfProject),
    responses((status = 200, description = "The user, who is signed in nowhere now.", body = User)),
)]
pub(crate) async fn end_all(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<UserId>,
    query: Query,
) -> Result<Json<User>, Problem> {
    let grant = manager.manage(&app, &query, Scope::SessionsRevoke).await?;
    Ok(Json(user::end_sessions(app.context(), &grant, id).await?.to_managers()))
}

/// One session.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}", operation_id = "show_session", tag = "sessions",
    security(("server_key" = ["sessions.read"]), ("operator_token" = [])),
    params(Id<SessionId>, OfProject),
    responses((status = 200, description = "The session.", body = Session)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<SessionId>,
    query: Query,
) -> Result<Json<Session>, Problem> {
    let grant = manager.manage(&app, &query, Scope::SessionsRead).await?;
    Ok(Json(session::show(app.context(), &grant, id).await?.to_wire()))
}

/// Ends one session; one that is over stays as it ended.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{session_id}", operation_id = "end_session", tag = "sessions",
    security(("server_key" = ["sessions.revoke"]), ("operator_token" = [])),
    params(Id<SessionId>, OfProject),
    responses((status = 200, description = "The session as it is now.", body = Session)),
)]
pub(crate) async fn end(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<SessionId>,
    query: Query,
) -> Result<Json<Session>, Problem> {
    let grant = manager.manage(&app, &query, Scope::SessionsRevoke).await?;
    Ok(Json(session::end(app.context(), &grant, id).await?.to_wire()))
}

/// Trades the code that a sign-in page gave to an app for auth material.
#[utoipa::path(
    post, path = "/api/v1/sessions", operation_id = "trade_code", tag = "sessions",
    security(("client_key" = []), ("server_key" = [])),
    request_body = CodeRequest,
    responses((status = 200, description = "Auth material.", body = RefreshResponse)),
)]
pub(crate) async fn trade_code(
    State(app): State<App>,
    caller: Caller,
    CallerDevice(device): CallerDevice,
    body::Json(request): body::Json<CodeRequest>,
) -> Result<Json<RefreshResponse>, Problem> {
    let shown = (&request.code, &request.code_verifier, request.redirect_uri.as_str());
    let AuthMaterial { jwt, refresh_token, expires_at, user, .. } =
        page::trade_code(app.context(), &caller.grant, shown, device).await?;
    Ok(Json(RefreshResponse {
        jwt,
        refresh: RefreshMaterial::new(refresh_token, expires_at),
        user: user.to_wire(),
    }))
}

fn write_cursor((at, id): SessionCursor) -> Vec<u8> {
    [&at.unix_millis().to_be_bytes()[..], id.as_bytes()].concat()
}

fn read_cursor(bytes: &[u8]) -> Option<SessionCursor> {
    let (at, id) = bytes.split_first_chunk::<8>()?;
    let at = Timestamp::from_unix_millis(i64::from_be_bytes(*at));
    Some((at, SessionId::from_bytes(id.try_into().ok()?)))
}
