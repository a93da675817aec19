//! `/api/v1/projects/{project_id}/api-keys` and `/api/v1/api-keys`: made, adopted, revoked; an operator's alone.

use crate::{
    app::App,
    http::{
        body,
        manager::Operator,
        page::{List, Paging},
        path_id::Id,
        problem::Problem,
        query::Query,
        reply::{Created, Json},
    },
};
use authmint_domain::{
    flow::admin::api_key::{self, AskedKey},
    model::{caller::AskedCallers, project::Scope},
};
use authmint_protocol::{
    ErrorCode,
    api_key::{Environment, Usage},
    id::{ApiKeyId, ProjectId},
    wire::admin::{self, AdoptedApiKey, ApiKey, NewApiKey, Page, ShownApiKey},
};
use axum::extract::State;

/// All API keys of a project, the oldest first, revoked ones too; never their texts.
#[utoipa::path(
    get, path = "/api/v1/projects/{project_id}/api-keys", operation_id = "list_api_keys", tag = "API keys",
    security(("operator_token" = [])),
    params(Id<ProjectId>, Paging),
    responses((status = 200, description = "A page of API keys.", body = Page<ApiKey>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Operator(grant): Operator,
    Id(project_id): Id<ProjectId>,
    query: Query,
) -> Result<Json<Page<ApiKey>>, Problem> {
    let paging = Paging::read(&query, List::of(&["api-keys", &project_id.to_string()]))?;
    let keys = api_key::list(app.context(), &grant, project_id).await?;
    Ok(Json(paging.cut(&keys, |one| one.to_wire(), |one| one.id.as_bytes().to_vec())?))
}

/// Makes an API key of the project; its text is answered this once.
#[utoipa::path(
    post, path = "/api/v1/projects/{project_id}/api-keys", operation_id = "create_api_key", tag = "API keys",
    security(("operator_token" = [])),
    params(Id<ProjectId>),
    request_body = NewApiKey,
    responses((status = 201, description = "The API key, with its text.", body = ShownApiKey)),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Operator(grant): Operator,
    Id(project_id): Id<ProjectId>,
    body::Json(asked): body::Json<NewApiKey>,
) -> Result<Created<ShownApiKey>, Problem> {
    let usage = match asked.usage.as_str() {
        "client" => Usage::Client,
        "server" => Usage::Server,
        _ => return Err(Problem::new(ErrorCode::SettingsInvalid, "usage is client or server")),
    };
    let asked = asked_key(asked.scopes, asked.callers)?;
    let (key, record) = api_key::create(app.context(), &grant, (project_id, usage), asked).await?;
    Ok(Created(ShownApiKey { key, api_key: record.to_wire() }))
}

/// Takes over an API key that Crossmint signed, with its project; a repeat replaces what the key is allowed.
#[utoipa::path(
    post, path = "/api/v1/api-keys/adopt", operation_id = "adopt_api_key", tag = "API keys",
    security(("operator_token" = [])),
    request_body = AdoptedApiKey,
    responses(
        (status = 200, description = "The API key.", body = ApiKey),
        (status = 409, description = "What is there does not allow it."),
    ),
)]
pub(crate) async fn adopt(
    State(app): State<App>,
    Operator(grant): Operator,
    body::Json(asked): body::Json<AdoptedApiKey>,
) -> Result<Json<ApiKey>, Problem> {
    let allowed = (asked_key(asked.scopes, asked.callers)?, asked.project_name.as_str());
    let signer = Environment::crossmint_signer;
    let (record, _project) = api_key::adopt(app.context(), &grant, &asked.key, allowed, signer).await?;
    Ok(Json(record.to_wire()))
}

/// Revokes an API key, for good: it is refused within two seconds.
#[utoipa::path(
    delete, path = "/api/v1/api-keys/{api_key_id}", operation_id = "revoke_api_key", tag = "API keys",
    security(("operator_token" = [])),
    params(Id<ApiKeyId>),
    responses((status = 200, description = "The API key as it is now.", body = ApiKey)),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Operator(grant): Operator,
    Id(id): Id<ApiKeyId>,
) -> Result<Json<ApiKey>, Problem> {
    Ok(Json(api_key::revoke(app.context(), &grant, id).await?.to_wire()))
}

fn asked_key(scopes: Option<Vec<String>>, callers: admin::Callers) -> Result<AskedKey, Problem> {
    let scope = |name: String| {
        Scope::from_name(&name).ok_or_else(|| {
            let known = Scope::ALL.map(Scope::as_str).join(", ");
            Problem::new(ErrorCode::SettingsInvalid, format!("a scope is one of {known}"))
        })
    };
    let scopes =
        scopes.map(|names| names.into_iter().map(scope).collect::<Result<Vec<_>, _>>()).transpose()?;
    let admin::Callers { origins, apps, anyone } = callers;
    Ok(AskedKey { scopes, callers: AskedCallers { origins, apps, anyone } })
}
