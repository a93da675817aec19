//! What other systems need to trust our JWTs: the key set, and the document that names it.

use crate::{app::App, http::reply::json_bytes};
use authmint_domain::port::Signer as _;
use axum::{extract::State, response::Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// A new key is published longer before its use than this.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// `GET /.well-known/jwks.json`.
pub(crate) async fn key_set(State(app): State<App>) -> Response {
    let keys: Vec<_> = app.context().signer.key_set().keys().iter().map(|key| key.to_jwk()).collect();
    cached(&json!({ "keys": keys }))
}

/// `GET /.well-known/openid-configuration`: an issuer of JWTs, not a provider with a sign-in page of its own.
pub(crate) async fn openid_configuration(State(app): State<App>) -> Response {
    let issuer = &app.context().issuer;
    let mut algorithms: Vec<_> =
        app.context().signer.key_set().keys().iter().map(|key| key.algorithm().as_str()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    cached(&json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "sid", "amr", "auth_time"],
    }))
}

fn cached(message: &serde_json::Value) -> Response {
    let mut response = json_bytes(StatusCode::OK, message);
    response.headers_mut().insert(header::CACHE_CONTROL, CACHED);
    response
}
