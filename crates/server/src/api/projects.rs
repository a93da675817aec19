//! `/api/v1/projects`: made and listed by operators, changed by their own servers, too.

use crate::{
    app::App,
    http::{
        body,
        manager::{OfPath, Operator},
        page::{List, Paging},
        path_id::Id,
        problem::Problem,
        query::Query,
        reply::{Created, Json},
    },
};
use authmint_domain::{
    flow::admin::project::{self, ProjectChange},
    model::policy::PolicyChange,
};
use authmint_protocol::{
    ErrorCode,
    api_key::Environment,
    id::ProjectId,
    time::Timestamp,
    wire::admin::{self, Page, Project},
};
use axum::extract::State;

/// All projects, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/projects", operation_id = "list_projects", tag = "projects",
    security(("operator_token" = [])),
    params(Paging),
    responses((status = 200, description = "A page of projects.", body = Page<Project>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Operator(grant): Operator,
    query: Query,
) -> Result<Json<Page<Project>>, Problem> {
    let paging = Paging::read(&query, List::of(&["projects"]))?;
    let projects = project::list(app.context(), &grant).await?;
    let page = paging.cut(&projects, |one| one.to_wire(), |one| one.id.as_bytes().to_vec())?;
    Ok(Json(page))
}

/// Makes a project; its environment never changes.
#[utoipa::path(
    post, path = "/api/v1/projects", operation_id = "create_project", tag = "projects",
    security(("operator_token" = [])),
    request_body = admin::NewProject,
    responses((status = 201, description = "The project.", body = Project)),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Operator(grant): Operator,
    body::Json(asked): body::Json<admin::NewProject>,
) -> Result<Created<Project>, Problem> {
    let environment = Environment::from_name(&asked.environment)
        .ok_or_else(|| unfit("environment is development, staging or production"))?;
    let change = ProjectChange { name: Some(asked.name), policy: policy(asked.settings)? };
    let made = project::create(app.context(), &grant, environment, change).await?;
    Ok(Created(made.to_wire()))
}

/// One project with its settings.
#[utoipa::path(
    get, path = "/api/v1/projects/{project_id}", operation_id = "show_project", tag = "projects",
    security(("operator_token" = []), ("server_key" = ["project.write"])),
    params(Id<ProjectId>),
    responses((status = 200, description = "The project.", body = Project)),
)]
pub(crate) async fn show(State(app): State<App>, OfPath(grant): OfPath) -> Result<Json<Project>, Problem> {
    Ok(Json(project::show(app.context(), &grant).await?.to_wire()))
}

/// Changes name and settings; what is not named stays as it is.
#[utoipa::path(
    patch, path = "/api/v1/projects/{project_id}", operation_id = "change_project", tag = "projects",
    security(("operator_token" = []), ("server_key" = ["project.write"])),
    params(Id<ProjectId>),
    request_body = admin::ProjectChange,
    responses((status = 200, description = "The project as it is now.", body = Project)),
)]
pub(crate) async fn change(
    State(app): State<App>,
    OfPath(grant): OfPath,
    body::Json(asked): body::Json<admin::ProjectChange>,
) -> Result<Json<Project>, Problem> {
    let change = ProjectChange { name: asked.name, policy: policy(asked.settings)? };
    let changed = project::set(app.context(), &grant, change).await?;
    // A project may ask for an algorithm that nobody has asked for yet.
    app.follow_signing_keys().await;
    Ok(Json(changed.to_wire()))
}

/// Ends every session of the project that was opened before a moment, now unless said.
#[utoipa::path(
    post, path = "/api/v1/projects/{project_id}/not-before", operation_id = "set_not_before", tag = "projects",
    security(("operator_token" = []), ("server_key" = ["project.write"])),
    params(Id<ProjectId>),
    request_body = Option<admin::NotBefore>,
    responses((status = 200, description = "The project as it is now.", body = Project)),
)]
pub(crate) async fn set_not_before(
    State(app): State<App>,
    OfPath(grant): OfPath,
    body::OptionalJson(asked): body::OptionalJson<admin::NotBefore>,
) -> Result<Json<Project>, Problem> {
    let moment = asked.and_then(|asked| asked.not_before).map(|text| {
        Timestamp::from_iso8601(&text)
            .ok_or_else(|| unfit("not_before is a time in UTC such as 2026-11-23T14:30:01Z"))
    });
    Ok(Json(project::set_not_before(app.context(), &grant, moment.transpose()?).await?.to_wire()))
}

fn policy(asked: admin::SettingsChange) -> Result<PolicyChange, Problem> {
    PolicyChange::from_wire(asked).map_err(|_named| unfit("signing_algorithm is ES256, RS256 or EdDSA"))
}

fn unfit(rule: &'static str) -> Problem {
    Problem::new(ErrorCode::SettingsInvalid, rule)
}
