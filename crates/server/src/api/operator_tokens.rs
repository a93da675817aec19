//! `/api/v1/operator-tokens`: made, listed, revoked by whoever holds one.

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
use authmint_domain::flow::admin::operator_token;
use authmint_protocol::{
    id::OperatorTokenId,
    wire::admin::{NewOperatorToken, OperatorToken, Page, ShownOperatorToken},
};
use axum::extract::State;
use std::time::Duration;

/// All operator tokens, the oldest first, revoked ones too; never their texts.
#[utoipa::path(
    get, path = "/api/v1/operator-tokens", operation_id = "list_operator_tokens", tag = "operator tokens",
    security(("operator_token" = [])),
    params(Paging),
    responses((status = 200, description = "A page of operator tokens.", body = Page<OperatorToken>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Operator(grant): Operator,
    query: Query,
) -> Result<Json<Page<OperatorToken>>, Problem> {
    let paging = Paging::read(&query, List::of(&["operator-tokens"]))?;
    let tokens = operator_token::list(app.context(), &grant).await?;
    Ok(Json(paging.cut(&tokens, |one| one.to_wire(), |one| one.id.as_bytes().to_vec())?))
}

/// Makes an operator token; its text is answered this once.
#[utoipa::path(
    post, path = "/api/v1/operator-tokens", operation_id = "create_operator_token", tag = "operator tokens",
    security(("operator_token" = [])),
    request_body = NewOperatorToken,
    responses((status = 201, description = "The operator token, with its text.", body = ShownOperatorToken)),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Operator(grant): Operator,
    body::Json(asked): body::Json<NewOperatorToken>,
) -> Result<Created<ShownOperatorToken>, Problem> {
    let lives_for = asked.lives_for.map(Duration::from_secs);
    let (token, record) = operator_token::create(app.context(), &grant, asked.name, lives_for).await?;
    Ok(Created(ShownOperatorToken { token, operator_token: record.to_wire() }))
}

/// Revokes an operator token, for good, also the one that is shown: it is refused within two seconds.
#[utoipa::path(
    delete, path = "/api/v1/operator-tokens/{operator_token_id}", operation_id = "revoke_operator_token",
    tag = "operator tokens",
    security(("operator_token" = [])),
    params(Id<OperatorTokenId>),
    responses((status = 200, description = "The operator token as it is now.", body = OperatorToken)),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Operator(grant): Operator,
    Id(id): Id<OperatorTokenId>,
) -> Result<Json<OperatorToken>, Problem> {
    Ok(Json(operator_token::revoke(app.context(), &grant, id).await?.to_wire()))
}
