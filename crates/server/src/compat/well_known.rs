//! What other systems need to trust our JWTs: the key set, and the document that names it.

use crate::{app::App, http::reply::json_bytes};
use authmint_domain::port::Signer as _;
use axum::{extract::State, response::Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// A new key is published longer before its use than this.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The key set.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct KeySetDocument {
    /// The keys, each as RFC 7517 writes one.
    keys: Vec<serde_json::Value>,
}

/// What OpenID Connect Discovery asks an issuer to say.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct IssuerDocument<'a> {
    /// The `iss` of session JWTs.
    issuer: &'a str,
    /// Where the key set is.
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    claims_supported: [&'static str; 8],
}

/// The public keys under which session JWTs are good.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "key_set", tag = "trust",
    security(()),
    responses((status = 200, description = "The key set (RFC 7517).", body = KeySetDocument)),
)]
pub(crate) async fn key_set(State(app): State<App>) -> Response {
    let keys = app.context().signer.key_set().keys().iter().map(|key| key.to_jwk()).collect();
    cached(&KeySetDocument { keys })
}

/// An issuer of JWTs, not a provider with a sign-in page of its own.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", operation_id = "openid_configuration", tag = "trust",
    security(()),
    responses((status = 200, description = "The metadata of the issuer.", body = IssuerDocument<'_>)),
)]
pub(crate) async fn openid_configuration(State(app): State<App>) -> Response {
    let issuer = &app.context().issuer;
    let mut algorithms: Vec<_> =
        app.context().signer.key_set().keys().iter().map(|key| key.algorithm().as_str()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    cached(&IssuerDocument {
        issuer,
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: algorithms,
        claims_supported: ["iss", "sub", "aud", "iat", "exp", "sid", "amr", "auth_time"],
    })
}

fn cached(message: &impl Serialize) -> Response {
    let mut response = json_bytes(StatusCode::OK, message);
    response.headers_mut().insert(header::CACHE_CONTROL, CACHED);
    response
}
