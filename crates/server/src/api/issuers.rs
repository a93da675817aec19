//! `/api/v1/issuers`: issuers of others that a project trusts.

use crate::{
    app::App,
    http::{
        body,
        manager::{Manager, OfProject},
        page::{List, Paging},
        path_id::Id,
        problem::Problem,
        query::Query,
        reply::{Created, Json},
    },
};
use authmint_domain::{
    flow::admin::issuer,
    model::{issuer::from_wire, project::Scope},
};
use authmint_protocol::{
    ErrorCode,
    id::IssuerId,
    wire::{
        admin::Page,
        issuer::{Issuer, IssuerReport, IssuerTest, NewIssuer},
    },
};
use axum::extract::State;

/// The issuers that a project trusts, by name.
#[utoipa::path(
    get, path = "/api/v1/issuers", operation_id = "list_issuers", tag = "issuers",
    security(("server_key" = ["project.write"]), ("operator_token" = [])),
    params(OfProject, Paging),
    responses((status = 200, description = "A page of issuers.", body = Page<Issuer>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    manager: Manager,
    query: Query,
) -> Result<Json<Page<Issuer>>, Problem> {
    let grant = manager.manage(&app, &query, Scope::ProjectWrite).await?;
    let paging = Paging::read(&query, List::of(&["issuers", &grant.project_id().to_string()]))?;
    let issuers = issuer::list(app.context(), &grant).await?;
    Ok(Json(paging.cut(&issuers, |one| one.to_wire(), |one| one.id.as_bytes().to_vec())?))
}

/// Trusts one more issuer: from now on whoever it vouches for can be signed in.
#[utoipa::path(
    post, path = "/api/v1/issuers", operation_id = "add_issuer", tag = "issuers",
    security(("server_key" = ["project.write"]), ("operator_token" = [])),
    params(OfProject),
    request_body = NewIssuer,
    responses(
        (status = 201, description = "The issuer.", body = Issuer),
        (status = 409, description = "What is there does not allow it."),
    ),
)]
pub(crate) async fn add(
    State(app): State<App>,
    manager: Manager,
    query: Query,
    body::Json(asked): body::Json<NewIssuer>,
) -> Result<Created<Issuer>, Problem> {
    let grant = manager.manage(&app, &query, Scope::ProjectWrite).await?;
    let (name, terms, reuse) =
        from_wire(asked).map_err(|fault| Problem::new(ErrorCode::SettingsInvalid, fault.to_string()))?;
    Ok(Created(issuer::add(app.context(), &grant, name, (terms, reuse)).await?.to_wire()))
}

/// One issuer.
#[utoipa::path(
    get, path = "/api/v1/issuers/{issuer_id}", operation_id = "show_issuer", tag = "issuers",
    security(("server_key" = ["project.write"]), ("operator_token" = [])),
    params(Id<IssuerId>, OfProject),
    responses((status = 200, description = "The issuer.", body = Issuer)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<IssuerId>,
    query: Query,
) -> Result<Json<Issuer>, Problem> {
    let grant = manager.manage(&app, &query, Scope::ProjectWrite).await?;
    Ok(Json(issuer::show(app.context(), &grant, id).await?.to_wire()))
}

/// Stops trusting an issuer; users and sessions that it brought stay.
#[utoipa::path(
    delete, path = "/api/v1/issuers/{issuer_id}", operation_id = "remove_issuer", tag = "issuers",
    security(("server_key" = ["project.write"]), ("operator_token" = [])),
    params(Id<IssuerId>, OfProject),
    responses((status = 200, description = "The issuer that was removed.", body = Issuer)),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<IssuerId>,
    query: Query,
) -> Result<Json<Issuer>, Problem> {
    let grant = manager.manage(&app, &query, Scope::ProjectWrite).await?;
    Ok(Json(issuer::remove(app.context(), &grant, id).await?.to_wire()))
}

/// Holds a JWT against every rule of one issuer; it is not used up, and nobody is signed in.
#[utoipa::path(
    post, path = "/api/v1/issuers/{issuer_id}/test", operation_id = "test_issuer", tag = "issuers",
    security(("server_key" = ["project.write"]), ("operator_token" = [])),
    params(Id<IssuerId>, OfProject),
    request_body = IssuerTest,
    responses((status = 200, description = "What came of each rule.", body = IssuerReport)),
)]
pub(crate) async fn test(
    State(app): State<App>,
    manager: Manager,
    Id(id): Id<IssuerId>,
    query: Query,
    body::Json(asked): body::Json<IssuerTest>,
) -> Result<Json<IssuerReport>, Problem> {
    let grant = manager.manage(&app, &query, Scope::ProjectWrite).await?;
    Ok(Json(issuer::test(app.context(), &grant, Some(id), &asked.token).await?.to_wire()))
}

/// The same with the issuer that the JWT names.
#[utoipa::path(
    post, path = "/api/v1/issuers/test", operation_id = "test_issuers", tag = "issuers",
    security(("server_key" = ["project.write"]), ("operator_token" = [])),
    params(OfProject),
    request_body = IssuerTest,
    responses((status = 200, description = "What came of each rule.", body = IssuerReport)),
)]
pub(crate) async fn test_any(
    State(app): State<App>,
    manager: Manager,
    query: Query,
    body::Json(asked): body::Json<IssuerTest>,
) -> Result<Json<IssuerReport>, Problem> {
    let grant = manager.manage(&app, &query, Scope::ProjectWrite).await?;
    Ok(Json(issuer::test(app.context(), &grant, None, &asked.token).await?.to_wire()))
}
