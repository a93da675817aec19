//! The whole route table.

use crate::{
    api::{dev, health, revocations},
    app::App,
    compat::{authenticate, logout, otps_send, refresh, unsupported, user, well_known},
    http::{edge, problem::Problem},
    pages::inbox,
};
use authmint_protocol::ErrorCode;
use axum::{
    Router, middleware,
    routing::{get, post},
};

/// The calls of existing clients.
const A: &str = "/api/2024-09-26/session/sdk/auth";
const USER: &str = "/api/2024-09-26/sdk/auth/user";

/// Paths that browsers call from anywhere; a client key's origins are enforced on the call itself.
pub(crate) const CROSS_ORIGIN: [&str; 2] = ["/api/2024-09-26/", "/.well-known/"];

/// Calls by which sessions live and end: no limit that real use could reach may stand before them.
pub(crate) const SESSION_CALLS: [&str; 3] = [
    "/api/2024-09-26/session/sdk/auth/refresh",
    "/api/2024-09-26/session/sdk/auth/logout",
    "/api/v1/revocations",
];

pub(crate) fn router(app: &App, added: Router<App>) -> Router {
    let mut served = Router::new()
        .route(&format!("{A}/otps/send"), post(otps_send::send_code))
        .route(&format!("{A}/authenticate"), post(authenticate::authenticate))
        .route(&format!("{A}/refresh"), post(refresh::refresh))
        .route(&format!("{A}/logout"), post(logout::logout))
        .route(&format!("{A}/social/{{provider}}/start"), get(unsupported::social))
        .route(&format!("{A}/crypto_wallets/authenticate/start"), post(unsupported::wallet))
        .route(&format!("{A}/crypto_wallets/authenticate"), post(unsupported::wallet))
        .route(USER, get(user::by_session_jwt))
        .route(&format!("{USER}/{{*id}}"), get(user::by_id))
        .route("/.well-known/jwks.json", get(well_known::key_set))
        .route("/.well-known/openid-configuration", get(well_known::openid_configuration))
        .route("/api/v1/revocations", get(revocations::follow))
        .merge(added);
    if app.inbox().is_some() {
        served = served
            .route("/dev/inbox", get(inbox::page))
            .route("/dev/inbox.json", get(inbox::json))
            .route("/dev/inbox.js", get(inbox::script))
            .route("/dev/inbox.css", get(inbox::style))
            .route("/dev/inbox/{id}", get(inbox::mail));
        if app.context().clock.is_movable() {
            served = served.route("/dev/clock", post(dev::advance_clock));
        }
    }
    let prefix = app.config().public_url.path_prefix();
    let rooted = if prefix.is_empty() { served } else { Router::new().nest(prefix, served) };
    rooted
        // Probes ask the process, not the public address: they know no prefix.
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(async || {
            Problem::new(ErrorCode::NotFound, "nothing answers under this path; check the URL")
        })
        .method_not_allowed_fallback(async || {
            Problem::new(ErrorCode::MethodNotAllowed, "this path does not answer this HTTP method; see Allow")
        })
        .layer(middleware::from_fn_with_state(app.clone(), edge::edge))
        .with_state(app.clone())
}
