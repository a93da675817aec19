//! `/api/v1/signing-keys`: what signs session JWTs; rotated and revoked by operators.

use crate::{
    app::App,
    http::{
        manager::Operator,
        page::{List, Paging},
        path_id::{Id, Kid, Named as _},
        problem::Problem,
        query::Query,
        reply::Json,
    },
};
use authmint_domain::{
    flow::signing_keys::Keeper,
    model::signing_key,
    port::{Clock as _, Store as _},
};
use authmint_protocol::wire::admin::{Page, SigningKey};
use axum::extract::State;

/// All signing keys, the newest first: their public halves' names, never a private one.
#[utoipa::path(
    get, path = "/api/v1/signing-keys", operation_id = "list_signing_keys", tag = "signing keys",
    security(("operator_token" = [])),
    params(Paging),
    responses((status = 200, description = "A page of signing keys.", body = Page<SigningKey>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Operator(_grant): Operator,
    query: Query,
) -> Result<Json<Page<SigningKey>>, Problem> {
    page(&app, &query).await.map(Json)
}

/// Lets the next signing keys take over now.
#[utoipa::path(
    post, path = "/api/v1/signing-keys/rotate", operation_id = "rotate_signing_keys", tag = "signing keys",
    security(("operator_token" = [])),
    responses(
        (status = 200, description = "The signing keys as they are now.", body = Page<SigningKey>),
        (status = 409, description = "What is there does not allow it."),
    ),
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    Operator(grant): Operator,
) -> Result<Json<Page<SigningKey>>, Problem> {
    let (cx, now) = (app.context(), app.context().clock.now());
    Keeper::of(cx).by(grant.origin().clone()).rotate(now).await?;
    app.follow_signing_keys().await;
    page(&app, &Query::default()).await.map(Json)
}

/// Takes a signing key out of the key set at once and for good: its JWTs are worth nothing from now on.
#[utoipa::path(
    delete, path = "/api/v1/signing-keys/{kid}", operation_id = "revoke_signing_key", tag = "signing keys",
    security(("operator_token" = [])),
    params(Id<Kid>),
    responses(
        (status = 200, description = "The signing key as it is now.", body = SigningKey),
        (status = 409, description = "What is there does not allow it."),
    ),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Operator(grant): Operator,
    Id(Kid(kid)): Id<Kid>,
) -> Result<Json<SigningKey>, Problem> {
    let (cx, now) = (app.context(), app.context().clock.now());
    Keeper::of(cx).by(grant.origin().clone()).revoke(&kid, now).await?;
    app.follow_signing_keys().await;
    let keys = cx.store.signing_keys().await?.keys;
    let revoked = keys.iter().find(|key| key.kid == kid).ok_or_else(Kid::unknown)?;
    Ok(Json(revoked.to_wire()))
}

async fn page(app: &App, query: &Query) -> Result<Page<SigningKey>, Problem> {
    let paging = Paging::read(query, List::of(&["signing-keys"]))?;
    let keys = app.context().store.signing_keys().await?.keys;
    paging.cut(&keys, signing_key::SigningKey::to_wire, |one| one.kid.clone().into_bytes())
}
