//! `GET /metrics`: for the operator's Prometheus, on an address of its own and never on the public one.

use crate::{app::App, http::problem::Problem, metrics};
use authmint_protocol::ErrorCode;
use axum::{Router, extract::State, response::IntoResponse, routing::get};
use http::header;

/// All that the second address serves.
pub(crate) fn router(app: &App) -> Router {
    Router::new()
        .route("/metrics", get(page))
        .fallback(async || Problem::new(ErrorCode::NotFound, "this address has nothing but /metrics"))
        .with_state(app.clone())
}

async fn page(State(app): State<App>) -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, "no-store")], metrics::page(&app).await)
}
