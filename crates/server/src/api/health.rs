//! `/healthz` and `/readyz`: for whoever restarts processes and spreads load.

use crate::{
    app::App,
    http::{problem::Problem, reply::Json},
};
use authmint_domain::port::Store as _;
use axum::extract::State;
use serde::Serialize;

/// `{"status":"ok"}`.
#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
}

const OK: Health = Health { status: "ok" };

/// The process lives; it asks nobody.
pub(crate) async fn live() -> Json<Health> {
    Json(OK)
}

/// The process can do its work now, and means to go on.
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Health>, Problem> {
    if app.is_draining() {
        return Err(Problem::unavailable());
    }
    app.context().store.ready().await?;
    Ok(Json(OK))
}
