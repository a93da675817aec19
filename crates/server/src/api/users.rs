//! `/api/v1/users`: the people of one project.

use crate::{
    app::App,
    http::{
        manager::{Manager, OfProject},
        page::{List, Paging},
        path_id::Id,
        problem::Problem,
        query::Query,
        reply::Json,
    },
};
use authmint_domain::{
    flow::admin::user,
    model::{project::Scope, user::UserCursor},
};
use authmint_protocol::{
    id::UserId,
    time::Timestamp,
    wire::admin::{Page, User, UserDetail},
};
use axum::{extract::State, response::NoContent};

/// Users, the newest first; with `search` those whose email address begins with it, or whose ID it is.
#[utoipa::path(
    get, path = "/api/v1/users", operation_id = "list_users", tag = "users",
    security(("server_key" = ["users.read"]), ("operator_token" = [])),
    params(
        OfProject, Paging,
        ("search" = Option<String>, Query, description = "The beginning of an email address, or an ID."),
    ),
    responses((status = 200, description = "A page of users.", body = Page<User>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    manager: Manager,
    query: Query,
) -> Result<Json<Page<User>>, Problem> {
    let grant = manager.manage(&app, &query, Scope::UsersRead).await?;
    let search = query.optional("search")?;
    let list = ["users", &grant.project_id().to_string(), search.unwrap_or_default()];
    let paging = Paging::read(&query, List::of(&list))?;
    let after = paging.after(read_cursor)?;
    let page = user::list(app.context(), &grant, search, after, paging.limit).await?;
    Ok(Json(paging.answer(page, |one| one.to_managers(), write_cursor)))
}

/// One user, with the identities that prove them.
#[utoipa::path(
    get, path = "/api/v1/users/{user_id}", operation_id = "show_user", tag = "users",
    security(("server_key" = ["users.read"]), ("operator_token" = [])),
    params(Id<UserId>, OfProject),
    responses((status = 200, description = "The user.", body = UserDetail)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<UserId>,
    query: Query,
) -> Result<Json<UserDetail>, Problem> {
    let grant = manager.manage(&app, &query, Scope::UsersRead).await?;
    let (user, identities) = user::show(app.context(), &grant, id).await?;
    Ok(Json(user.to_detail(identities)))
}

/// Forgets a user with identities, sessions and address, for good; whoever proves the same address is a new user.
#[utoipa::path(
    delete, path = "/api/v1/users/{user_id}", operation_id = "delete_user", tag = "users",
    security(("server_key" = ["users.write"]), ("operator_token" = [])),
    params(Id<UserId>, OfProject),
    responses((status = 204, description = "The user is forgotten.")),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<UserId>,
    query: Query,
) -> Result<NoContent, Problem> {
    let grant = manager.manage(&app, &query, Scope::UsersWrite).await?;
    user::delete(app.context(), &grant, id).await?;
    Ok(NoContent)
}

/// Disables a user: all sessions end, and no sign-in is finished until the user is enabled.
#[utoipa::path(
    post, path = "/api/v1/users/{user_id}/disable", operation_id = "disable_user", tag = "users",
    security(("server_key" = ["users.write"]), ("operator_token" = [])),
    params(Id<UserId>, OfProject),
    responses((status = 200, description = "The user as they are now.", body = User)),
)]
pub(crate) async fn disable(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<UserId>,
    query: Query,
) -> Result<Json<User>, Problem> {
    let grant = manager.manage(&app, &query, Scope::UsersWrite).await?;
    Ok(Json(user::disable(app.context(), &grant, id).await?.to_managers()))
}

/// Lets a disabled user sign in again; sessions that were ended stay so.
#[utoipa::path(
    post, path = "/api/v1/users/{user_id}/enable", operation_id = "enable_user", tag = "users",
    security(("server_key" = ["users.write"]), ("operator_token" = [])),
    params(Id<UserId>, OfProject),
    responses((status = 200, description = "The user as they are now.", body = User)),
)]
pub(crate) async fn enable(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<UserId>,
    query: Query,
) -> Result<Json<User>, Problem> {
    let grant = manager.manage(&app, &query, Scope::UsersWrite).await?;
    Ok(Json(user::enable(app.context(), &grant, id).await?.to_managers()))
}

/// Where a list goes on: by age the time and the ID, by address the ID and the address.
fn write_cursor(cursor: UserCursor) -> Vec<u8> {
    match cursor {
        UserCursor::Age(at, id) => [&b"t"[..], &at.unix_millis().to_be_bytes(), id.as_bytes()].concat(),
        UserCursor::Address(address, id) => [&b"a"[..], id.as_bytes(), address.as_bytes()].concat(),
    }
}

fn read_cursor(bytes: &[u8]) -> Option<UserCursor> {
    match bytes.split_first()? {
        (b't', rest) => {
            let (at, id) = rest.split_first_chunk::<8>()?;
            let at = Timestamp::from_unix_millis(i64::from_be_bytes(*at));
            Some(UserCursor::Age(at, UserId::from_bytes(id.try_into().ok()?)))
        }
        (b'a', rest) => {
            let (id, address) = rest.split_first_chunk::<16>()?;
            let address = std::str::from_utf8(address).ok()?.to_owned();
            Some(UserCursor::Address(address, UserId::from_bytes(*id)))
        }
        _ => None,
    }
}
