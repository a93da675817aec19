//! The whole route table.

use crate::{
    api::{
        api_keys, dev, events, exchange, health, issuers, operator_tokens, projects, revocations, sessions,
        signing_keys, users,
    },
    app::App,
    compat::{authenticate, logout, otps_send, refresh, unsupported, user, well_known},
    http::{edge, problem::Problem},
    pages::{inbox, sign_in},
};
use authmint_protocol::ErrorCode;
use axum::{
    Router, middleware,
    routing::{MethodRouter, delete, get, post},
};

/// The calls of existing clients.
const A: &str = "/api/2024-09-26/session/sdk/auth";
const USER: &str = "/api/2024-09-26/sdk/auth/user";
/// Our own calls.
const V1: &str = "/api/v1";

/// Whether browsers call a path from anywhere: all below a path that ends with a slash, or one path alone. A client key's
/// origins are enforced on the call itself.
pub(crate) fn is_cross_origin(path: &str) -> bool {
    const OPEN: [&str; 4] =
        ["/api/2024-09-26/", "/.well-known/", "/api/v1/sessions", "/api/v1/sessions/exchange"];
    OPEN.iter().any(|open| if open.ends_with('/') { path.starts_with(open) } else { path == *open })
}

/// Calls by which sessions live and end: no limit that real use could reach may stand before them.
pub(crate) const SESSION_CALLS: [&str; 3] = [
    "/api/2024-09-26/session/sdk/auth/refresh",
    "/api/2024-09-26/session/sdk/auth/logout",
    "/api/v1/revocations",
];

/// Every path of the public address, with its methods.
fn public() -> Vec<(String, MethodRouter<App>)> {
    let a = |call: &str| format!("{A}/{call}");
    let v1 = |call: &str| format!("{V1}/{call}");
    vec![
        (a("otps/send"), post(otps_send::send_code)),
        (a("authenticate"), post(authenticate::authenticate)),
        (a("refresh"), post(refresh::refresh)),
        (a("logout"), post(logout::logout)),
        (a("social/{provider}/start"), get(unsupported::social)),
        (a("crypto_wallets/authenticate/start"), post(unsupported::start_wallet)),
        (a("crypto_wallets/authenticate"), post(unsupported::wallet)),
        (USER.to_owned(), get(user::by_session_jwt)),
        (format!("{USER}/{{*id}}"), get(user::by_id)),
        ("/.well-known/jwks.json".to_owned(), get(well_known::key_set)),
        ("/.well-known/openid-configuration".to_owned(), get(well_known::openid_configuration)),
        (v1("revocations"), get(revocations::follow)),
        (v1("projects"), get(projects::list).post(projects::create)),
        (v1("projects/{project_id}"), get(projects::show).patch(projects::change)),
        (v1("projects/{project_id}/not-before"), post(projects::set_not_before)),
        (v1("projects/{project_id}/api-keys"), get(api_keys::list).post(api_keys::create)),
        (v1("api-keys/adopt"), post(api_keys::adopt)),
        (v1("api-keys/{api_key_id}"), delete(api_keys::revoke)),
        (v1("users"), get(users::list)),
        (v1("users/{user_id}"), get(users::show).delete(users::delete)),
        (v1("users/{user_id}/disable"), post(users::disable)),
        (v1("users/{user_id}/enable"), post(users::enable)),
        (v1("users/{user_id}/sessions"), get(sessions::list).delete(sessions::end_all)),
        (v1("sessions"), post(sessions::trade_code)),
        (v1("sessions/exchange"), post(exchange::exchange)),
        (v1("sessions/{session_id}"), get(sessions::show).delete(sessions::end)),
        (v1("issuers"), get(issuers::list).post(issuers::add)),
        (v1("issuers/test"), post(issuers::test_any)),
        (v1("issuers/{issuer_id}"), get(issuers::show).delete(issuers::remove)),
        (v1("issuers/{issuer_id}/test"), post(issuers::test)),
        (v1("events"), get(events::list)),
        (v1("operator-tokens"), get(operator_tokens::list).post(operator_tokens::create)),
        (v1("operator-tokens/{operator_token_id}"), delete(operator_tokens::revoke)),
        (v1("signing-keys"), get(signing_keys::list)),
        (v1("signing-keys/rotate"), post(signing_keys::rotate)),
        (v1("signing-keys/{kid}"), delete(signing_keys::revoke)),
    ]
}

/// Pages for people: what they are is no matter of the API's description.
fn pages() -> Vec<(String, MethodRouter<App>)> {
    vec![
        ("/sign-in".to_owned(), get(sign_in::show).post(sign_in::step)),
        ("/sign-in.css".to_owned(), get(sign_in::style)),
        ("/sign-in.js".to_owned(), get(sign_in::script)),
    ]
}

/// What probes ask the process, not the public address: they know no prefix.
fn probes() -> Vec<(String, MethodRouter<App>)> {
    vec![("/healthz".to_owned(), get(health::live)), ("/readyz".to_owned(), get(health::ready))]
}

fn routed(rows: Vec<(String, MethodRouter<App>)>) -> Router<App> {
    rows.into_iter().fold(Router::new(), |router, (path, methods)| router.route(&path, methods))
}

pub(crate) fn router(app: &App, added: Router<App>) -> Router {
    let mut served = routed(public()).merge(routed(pages())).merge(added);
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
        .merge(routed(probes()))
        .fallback(async || {
            Problem::new(ErrorCode::NotFound, "nothing answers under this path; check the URL")
        })
        .method_not_allowed_fallback(async || {
            Problem::new(ErrorCode::MethodNotAllowed, "this path does not answer this HTTP method; see Allow")
        })
        .layer(middleware::from_fn_with_state(app.clone(), edge::edge))
        .with_state(app.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_path_is_described_and_every_description_is_of_a_path() {
        let document: serde_json::Value = serde_json::from_str(&crate::openapi()).unwrap();
        let described: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
        let rows = public().into_iter().chain(probes());
        let routed: BTreeSet<String> = rows.map(|(path, _)| path.replace("{*", "{")).collect();
        assert_eq!(described, routed);
    }
}
