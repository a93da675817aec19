//! The app by itself, its service out of reach. Signing in with a browser is a story of the journeys.

use super::{DemoConfig, DemoError, options, router, router_with};
use authmint::Auth;
use axum::{Router, body::Body};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use std::time::Duration;
use tower::ServiceExt as _;

/// Nothing listens on the discard port of a loopback address.
const NOBODY: &str = "http://127.0.0.1:9/auth";

/// A key of the right form; nobody checks its signature, since no service is reached.
const SERVER_KEY: &str = "sk_development_A61UZQnvjSQcM5qVBaBactgqebxafWAVsNdD2xLkgBxoYuH5q2guM8r9DUmZQzE1WYyoByGVYpEG2o9gVSzAZFsrLbfKGERUJ6D5CW6S9AsJGAc3ctgrsD4n2ioekzGj7KPbLwT3SysDjMamYXLxEroUbQSdwf6aLF4zeEpECq2crkTUQeLFzxzmjWNxFDHFYefDrfrFPCURvBXJLf5pCxCQ";

/// The client key of the same project.
fn client_key() -> String {
    SERVER_KEY.replacen("sk_", "ck_", 1)
}

fn demo() -> Router {
    // Short limits, so that nobody waits long for a service that does not exist.
    let limit = Duration::from_millis(50);
    let config = config(NOBODY, SERVER_KEY);
    let auth = Auth::new(options(&config).limits(limit, limit)).expect("options hold");
    router_with(config, auth).expect("the configuration holds")
}

fn config(service_url: &str, server_key: &str) -> DemoConfig {
    DemoConfig {
        service_url: service_url.to_owned(),
        client_key: client_key(),
        server_key: server_key.to_owned(),
        inbox_url: Some("http://127.0.0.1:9/dev/inbox".to_owned()),
    }
}

async fn answer(request: Request<Body>) -> (Response<()>, String) {
    let (head, body) = demo().oneshot(request).await.expect("a router never fails").into_parts();
    let bytes = body.collect().await.expect("the body is at hand").to_bytes();
    (Response::from_parts(head, ()), String::from_utf8(bytes.to_vec()).expect("text"))
}

fn get(path: &str) -> http::request::Builder {
    Request::get(path).header(header::HOST, "localhost:3000")
}

fn header<'a>(response: &'a Response<()>, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("{name} is missing")).to_str().expect("ASCII")
}

#[tokio::test]
async fn a_stranger_sees_the_sign_in_form() {
    let (response, html) = answer(get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&response, "cache-control"), "private, no-store");
    for id in ["email", "send-code", "code", "verify", "error", "inbox"] {
        assert!(html.contains(&format!(r#"id="{id}""#)), "#{id}");
    }
    assert!(html.contains(&format!(r#"data-client-key="{}""#, client_key())));
}

#[tokio::test]
async fn the_server_key_reaches_no_browser() {
    for path in ["/", "/api/me", "/sign-in.js", "/session.js", "/style.css"] {
        let (response, body) = answer(get(path).body(Body::empty()).unwrap()).await;
        assert!(!body.contains("sk_development"), "{path}");
        assert!(!format!("{:?}", response.headers()).contains("sk_development"), "{path}");
    }
}

#[tokio::test]
async fn a_stranger_gets_no_answer_from_the_protected_route() {
    let (response, body) = answer(get("/api/me").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(header(&response, "content-type"), "application/json");
    let problem: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((&problem["error"], &problem["code"]), (&true.into(), &"not_signed_in".into()));
}

#[tokio::test]
async fn an_outage_is_not_shown_as_a_sign_out() {
    let request = get("/").header(header::COOKIE, "crossmint-refresh-token=of-a-session-that-may-live");
    let (response, html) = answer(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(html.contains("You are not signed out") && !html.contains(r#"id="email""#));
    assert!(!response.headers().contains_key(header::SET_COOKIE), "cookies are kept");
}

#[tokio::test]
async fn every_answer_tells_the_browser_what_not_to_do() {
    for path in ["/", "/api/me", "/style.css", "/nowhere", "/auth/nowhere"] {
        let (response, _) = answer(get(path).body(Body::empty()).unwrap()).await;
        let policy = header(&response, "content-security-policy");
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            // The service's origin and not its path: a path with a slash at its end would match nothing below it.
            "connect-src 'self' http://127.0.0.1:9;",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(directive), "{path}: {directive} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "same-origin", "{path}");
    }
}

#[tokio::test]
async fn files_come_with_their_types() {
    for (path, content_type) in [
        ("/style.css", "text/css; charset=utf-8"),
        ("/sign-in.js", "text/javascript; charset=utf-8"),
        ("/session.js", "text/javascript; charset=utf-8"),
        ("/mark.svg", "image/svg+xml"),
    ] {
        let (response, body) = answer(get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), content_type);
        assert!(!body.is_empty());
    }
}

#[tokio::test]
async fn another_site_cannot_sign_a_user_out_or_in() {
    for path in ["/auth/logout", "/auth/refresh", "/auth/exchange"] {
        let foreign = [
            ("https://evil.example", "cross-site", "application/json"),
            ("null", "cross-site", "application/json"),
            ("http://other.localhost:3000", "same-site", "application/json"),
            // What a plain HTML form can send, even from here.
            ("http://localhost:3000", "same-origin", "application/x-www-form-urlencoded"),
        ];
        for (origin, site, content_type) in foreign {
            let request = Request::post(path)
                .header(header::HOST, "localhost:3000")
                .header(header::ORIGIN, origin)
                .header("sec-fetch-site", site)
                .header(header::CONTENT_TYPE, content_type)
                .header(header::COOKIE, "crossmint-refresh-token=x");
            let (response, _) = answer(request.body(Body::from("{}")).unwrap()).await;
            assert!(response.status().is_client_error(), "{path} from {origin}: {}", response.status());
            assert_ne!(
                response.status(),
                StatusCode::UNAUTHORIZED,
                "{path} from {origin}: refused for its session"
            );
            assert!(!response.headers().contains_key(header::SET_COOKIE), "{path} from {origin}");
        }
    }
}

#[tokio::test]
async fn the_app_s_own_page_may_sign_out() {
    let request = Request::post("/auth/logout")
        .header(header::HOST, "localhost:3000")
        .header(header::ORIGIN, "http://localhost:3000")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, "crossmint-refresh-token=x");
    let (response, _) = answer(request.body(Body::from("{}")).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(header(&response, "set-cookie").starts_with("crossmint-"), "cookies go, even in an outage");
}

#[test]
fn what_cannot_work_is_refused_at_the_start() {
    assert!(router(config(NOBODY, SERVER_KEY)).is_ok());
    let client_key = client_key();
    for (url, key) in
        [("localhost", SERVER_KEY), ("ftp://localhost", SERVER_KEY), (NOBODY, client_key.as_str())]
    {
        assert!(matches!(router(config(url, key)), Err(DemoError::Auth(_))), "{url}");
    }
}
