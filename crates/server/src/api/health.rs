//! `/healthz` and `/readyz`: for whoever restarts processes and spreads load.

use crate::{
    app::App,
    http::{problem::Problem, reply::Json},
};
use authmint_domain::port::Store as _;
use axum::extract::State;
use serde::Serialize;

/// `{"status":"ok"}`.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    status: &'static str,
}

const OK: Health = Health { status: "ok" };

/// The process lives; it asks nobody.
#[utoipa::path(
    get, path = "/healthz", operation_id = "live", tag = "probes", security(()),
    responses((status = 200, description = "The process lives.", body = Health)),
)]
pub(crate) async fn live() -> Json<Health> {
    Json(OK)
}

/// The process can do its work now, and means to go on.
#[utoipa::path(
    get, path = "/readyz", operation_id = "ready", tag = "probes", security(()),
    responses((status = 200, description = "The process can do its work.", body = Health)),
)]
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Health>, Problem> {
    if app.is_draining() {
        return Err(Problem::unavailable());
    }
    app.context().store.ready().await?;
    Ok(Json(OK))
}
