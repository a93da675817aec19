//! What is not sign-in: profiles, the key set, discovery, probes; and the headers of every answer.

use crate::support::{A, Service, Setup, USER};
use authmint_domain::context::Context;
use authmint_protocol::{
    jwk::KeySet,
    token::{Expected, native},
};
use serde_json::json;

fn issuer<P: authmint_domain::context::Ports>(cx: &Context<P>) -> &str {
    &cx.issuer
}

#[tokio::test]
async fn the_published_key_set_verifies_the_session_jwt() {
    let service = Service::start().await;
    let material = service.sign_in("ada@example.com").await;
    let set = service.call("GET", "/.well-known/jwks.json").without("x-api-key").send().await;
    assert_eq!(set.status, 200);
    assert_eq!(set.header("cache-control"), Some("public, max-age=300"));
    for key in set.json["keys"].as_array().unwrap() {
        assert_eq!((key["use"].as_str(), key["alg"].as_str()), (Some("sig"), Some("ES256")));
        assert!(key.get("d").is_none(), "the private half stays at home");
    }
    let keys = KeySet::parse(set.text.as_bytes()).unwrap();
    let expected = Expected::new("https://auth.shop.example", "01010101-0101-0101-0101-010101010101");
    let jwt = material["jwt"].as_str().unwrap();
    let claims = native::verify(jwt, &keys, &expected, crate::support::START).unwrap();
    assert_eq!(claims.subject, material["user"]["id"].as_str().unwrap());
}

#[tokio::test]
async fn discovery_names_issuer_key_set_and_algorithms() {
    let service = Service::start().await;
    let found = service.call("GET", "/.well-known/openid-configuration").without("x-api-key").send().await;
    assert_eq!(found.field("issuer"), issuer(service.app.context()));
    assert_eq!(found.field("jwks_uri"), "https://auth.shop.example/.well-known/jwks.json");
    assert_eq!(found.json["id_token_signing_alg_values_supported"], json!(["ES256"]));
}

#[tokio::test]
async fn a_server_key_reads_profiles_and_a_client_key_does_not() {
    let service = Service::start().await;
    let user = service.sign_in("ada@example.com").await["user"].clone();
    let path = format!("{USER}/{}", user["id"].as_str().unwrap());
    let with_server_key = |path: &str| service.call("GET", path).header("x-api-key", &service.server_key);
    let read = with_server_key(&path).send().await;
    assert_eq!((read.status, &read.json), (200, &user));
    service.call("GET", &path).send().await.is_problem(403, "server_key_required");
    let unknown = format!("{USER}/00000000-0000-4000-8000-000000000000");
    with_server_key(&unknown).send().await.is_problem(404, "user_unknown");
}

#[tokio::test]
async fn a_jwt_is_demanded_where_one_is_needed_and_a_bad_one_is_named() {
    let service = Service::start().await;
    let missing = service.call("GET", USER).send().await;
    missing.is_problem(401, "jwt_invalid");
    assert_eq!(missing.header("www-authenticate"), Some("Bearer"));
    for bad in ["Bearer x", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic abc", "Bearer"] {
        let answer = service.call("GET", USER).header("authorization", bad).send().await;
        answer.is_problem(401, "jwt_invalid");
        assert!(answer.header("www-authenticate").is_some(), "{bad}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_it_in_its_place() {
    let service = Service::start().await;
    for (method, path) in [
        ("GET", "/healthz".to_owned()),
        ("GET", "/no/such/path".to_owned()),
        ("DELETE", format!("{A}/refresh")),
        ("POST", format!("{A}/refresh")),
        ("OPTIONS", format!("{A}/refresh")),
        ("GET", "/.well-known/jwks.json".to_owned()),
        ("GET", "/dev/inbox".to_owned()),
        ("GET", "/dev/inbox.js".to_owned()),
    ] {
        let answer = service.call(method, &path).send().await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        let hsts = answer.header("strict-transport-security").unwrap();
        assert!(hsts.starts_with("max-age=31536000"), "{path}");
        let cached = answer.header("cache-control").unwrap();
        assert_eq!(cached == "no-store", !path.ends_with("jwks.json"), "{path}: {cached}");
        assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none(), "{path}");
        assert!(answer.header("x-request-id").is_some(), "{path}");
        assert!(answer.header("set-cookie").is_none(), "{path}");
    }
    let setup = Setup { public_url: "http://localhost:8420", ..Setup::default() };
    let plain = Service::start_as(setup).await.call("GET", "/healthz").send().await;
    assert!(plain.header("strict-transport-security").is_none(), "HSTS on plain http says nothing");
}

#[tokio::test]
async fn a_request_id_is_taken_over_if_it_is_sane_and_given_if_not() {
    let service = Service::start().await;
    let with = async |id: &str| {
        let answer = service.call("GET", "/healthz").header("x-request-id", id).send().await;
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(with("trace-1.2:3").await, "trace-1.2:3");
    let made = with("a b\"} level=error").await;
    assert!(!made.contains(' '));
    assert_ne!(made, with("a b").await, "a new one for each request");
}

#[tokio::test]
async fn the_probes_tell_life_from_readiness() {
    let service = Service::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = service.call("GET", path).without("x-api-key").send().await;
        assert_eq!((answer.status, answer.text.as_str()), (200, r#"{"status":"ok"}"#), "{path}");
    }
}
