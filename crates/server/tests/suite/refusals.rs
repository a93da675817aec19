//! Bad input: a clear 4xx in the one form, never a page, never a fault, and nothing changed.

use crate::support::{A, Service, Setup, USER, query};
use authmint_domain::model::project::{Callers, Scope};
use axum::{Router, routing::get};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn each_way_of_having_no_key_has_its_code() {
    let service = Service::start().await;
    let refresh = || service.post("refresh", &json!({ "refresh": "x" }));
    refresh().without("x-api-key").send().await.is_problem(401, "api_key_missing");
    refresh().header("x-api-key", "").send().await.is_problem(401, "api_key_missing");
    refresh().header("x-api-key", "nonsense").send().await.is_problem(401, "api_key_malformed");
    let old = refresh().header("x-api-key", "sk_live_abc").send().await;
    old.is_problem(401, "api_key_malformed");
    assert!(old.field("message").starts_with("Old API key format detected."));
    let mut other = service.client_key.clone().into_bytes();
    let last = other.last_mut().unwrap();
    *last = if *last == b'2' { b'3' } else { b'2' };
    let other = String::from_utf8(other).unwrap();
    let unknown = refresh().header("x-api-key", &other).send().await;
    assert_eq!(unknown.status, 401, "{}", unknown.text);
    refresh().append("x-api-key", &service.client_key).send().await.is_problem(400, "parameter_invalid");
}

#[tokio::test]
async fn a_body_must_be_the_json_that_the_call_expects() {
    let service = Service::start().await;
    let post = |path: &str, body: &str| {
        let body = body.to_owned();
        service.call("POST", &format!("{A}/{path}")).body(body)
    };
    for body in [
        "{",
        "",
        "{}",
        "[]",
        "null",
        r#"{"email":1}"#,
        r#"{"email":"a@b.example","email":"c@d.example"}"#,
        "\u{fffd}",
    ] {
        post("otps/send", body).send().await.is_problem(400, "body_invalid");
    }
    post("otps/send", r#"{"email":"not an address"}"#).send().await.is_problem(400, "email_invalid");
    for body in ["{}", "", r#"{"refresh":1}"#, r#"{"refresh":["amr1"]}"#] {
        post("refresh", body).send().await.is_problem(400, "body_invalid");
    }
    post("logout", "{").send().await.is_problem(400, "body_invalid");
    let secret = post("refresh", r#"{"refresh":{"secret":"hunter2"}}"#).send().await;
    secret.is_problem(400, "body_invalid");
    assert!(!secret.text.contains("hunter2"), "nothing of the body is quoted");
    assert!(service.inbox.mails().is_empty());
}

#[tokio::test]
async fn bodies_and_heads_are_bounded() {
    let service = Service::start().await;
    let exactly = format!(r#"{{"refresh":"{}"}}"#, "x".repeat(64 * 1024 - 14));
    let call = |body: String| service.call("POST", &format!("{A}/refresh")).body(body);
    call(exactly.clone()).send().await.is_problem(401, "refresh_malformed");
    call(format!("{exactly} ")).send().await.is_problem(413, "body_too_large");
    call("x".repeat(3 << 20)).send().await.is_problem(413, "body_too_large");
    let announced = call(String::new()).header("content-length", "9999999").header("expect", "100-continue");
    announced.send().await.is_problem(413, "body_too_large");

    let long = service.call("GET", USER).header("x-padding", &"p".repeat(17_000)).send().await;
    long.is_problem(431, "headers_too_large");
    let mut many = service.call("GET", USER);
    for _ in 0..70 {
        many = many.append("x-many", "1");
    }
    many.send().await.is_problem(431, "headers_too_large");
    let target = service.call("GET", &format!("{USER}?{}", "q".repeat(17_000))).send().await;
    target.is_problem(431, "headers_too_large");
}

#[tokio::test]
async fn parameters_come_once_and_methods_that_do_not_exist_are_named() {
    let service = Service::start().await;
    let state = service.send_code("ada@example.com").await;
    let code = service.code_for("ada@example.com");
    let good = [
        ("signinAuthenticationMethod", "email"),
        ("email", "ada@example.com"),
        ("token", &code),
        ("state", &state),
        ("callbackUrl", "https://shop.example/cb"),
    ];
    let authenticate = |query: String| service.call("POST", &format!("{A}/authenticate?{query}"));
    for (index, pair) in good.iter().enumerate() {
        let twice = format!("{}&{}", query(&good), query(&[*pair]));
        authenticate(twice).send().await.is_problem(400, "parameter_invalid");
        if pair.0 != "callbackUrl" {
            let mut without = good.to_vec();
            without.remove(index);
            let answer = authenticate(query(&without)).send().await;
            answer.is_problem(400, "parameter_invalid");
            assert!(answer.field("message").contains(pair.0), "{}", answer.text);
        }
    }
    for method in ["telepathy", "evm", "solana", "farcaster", "EMAIL"] {
        let query = query(&[("signinAuthenticationMethod", method)]);
        authenticate(query).send().await.is_problem(400, "method_unsupported");
    }
    for provider in ["google", "twitter", "apple", "unheard-of"] {
        let start = service.call("GET", &format!("{A}/social/{provider}/start")).send().await;
        start.is_problem(400, "method_unsupported");
    }
    for path in
        ["crypto_wallets/authenticate/start", "crypto_wallets/authenticate?signinAuthenticationMethod=evm"]
    {
        service
            .post(path, &json!({ "walletAddress": "0x0" }))
            .send()
            .await
            .is_problem(400, "method_unsupported");
    }
    assert_eq!(authenticate(query(&good)).send().await.status, 200, "no refusal has spent the code");
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_told_in_json() {
    let service = Service::start().await;
    for path in
        ["/", "/api", "/api/2024-09-26/no/such/call", "/api/v1/session", "/favicon.ico", "/metrics", "/%00"]
    {
        service.call("GET", path).send().await.is_problem(404, "not_found");
    }
    for (method, path, allow) in [
        ("DELETE", format!("{A}/refresh"), "POST"),
        ("GET", format!("{A}/otps/send"), "POST"),
        ("GET", "/api/v1/sessions".to_owned(), "POST"),
        ("POST", USER.to_owned(), "GET,HEAD"),
        ("TRACE", "/healthz".to_owned(), "GET,HEAD"),
        ("BREW", format!("{A}/logout"), "POST"),
    ] {
        let answer = service.call(method, &path).send().await;
        answer.is_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[tokio::test]
async fn a_key_without_the_scope_creates_no_user() {
    let service = Service::start().await;
    let narrow = service.add_client_key(9, Callers::Any, &[]).await;
    let state = service.send_code("new@example.com").await;
    let code = service.code_for("new@example.com");
    let refused = service.enter_code("new@example.com", &state, &code).header("x-api-key", &narrow);
    refused.send().await.is_problem(403, "scope_missing");
    let apps =
        service.add_client_key(10, Callers::Apps(vec!["com.shop".into()]), &[Scope::UsersCreate]).await;
    let app = |name: &str| {
        let send = service.post("otps/send", &json!({ "email": format!("{name}@example.com") }));
        send.header("x-api-key", &apps).header("x-app-identifier", name)
    };
    assert_eq!(app("com.shop").send().await.status, 200);
    app("com.evil").send().await.is_problem(403, "origin_not_allowed");
}

#[tokio::test]
async fn under_a_path_prefix_everything_lies_under_it_but_the_probes() {
    let setup = Setup { public_url: "https://shop.example/auth", production: true, ..Setup::default() };
    let service = Service::start_as(setup).await;
    let set = service.call("GET", "/auth/.well-known/openid-configuration").send().await;
    assert_eq!(set.json["jwks_uri"], "https://shop.example/auth/.well-known/jwks.json");
    let sent = service.call("POST", &format!("/auth{A}/otps/send")).body(r#"{"email":"ada@example.com"}"#);
    let sent = sent.header("origin", "https://shop.example").send().await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    assert_eq!(sent.header("access-control-allow-origin"), Some("https://shop.example"));
    service.call("POST", &format!("{A}/otps/send")).send().await.is_problem(404, "not_found");
    let wrong = service.call("DELETE", &format!("/auth{A}/refresh")).send().await;
    wrong.is_problem(405, "method_not_allowed");
    assert_eq!(wrong.header("allow"), Some("POST"));
    service.call("GET", "/auth/nowhere").send().await.is_problem(404, "not_found");
    assert_eq!(service.call("GET", "/healthz").send().await.status, 200);
}

#[tokio::test]
async fn a_fault_of_the_service_is_told_in_json_and_without_its_details() {
    let added = Router::new()
        .route("/fault", get(async || -> &'static str { panic!("secret detail") }))
        .route("/stuck", get(async || std::future::pending::<()>().await));
    let configure = |config: &mut authmint_server::AppConfig| {
        config.limits.request_timeout = Duration::from_millis(20);
    };
    let service = Service::start_as(Setup { added, configure, ..Setup::default() }).await;
    let fault = service.call("GET", "/fault").send().await;
    fault.is_problem(500, "internal");
    assert!(!fault.text.contains("secret detail"));
    assert_eq!(fault.header("x-content-type-options"), Some("nosniff"));
    let stuck = service.call("GET", "/stuck").send().await;
    stuck.is_problem(503, "unavailable");
    assert_eq!(service.call("GET", "/healthz").send().await.status, 200);
}
