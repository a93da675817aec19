//! The app by itself, its service out of reach. Signing in with a browser is a story of the journeys.

use super::app;
use actix_web::{
    http::{
        StatusCode,
        header::{self, HeaderMap},
    },
    test::{TestRequest, call_service, init_service, read_body},
    web::Data,
};
use authmint::{Auth, AuthOptions};
use authmint_example_pages::Site;
use std::time::Duration;

/// Nothing listens on the discard port of a loopback address.
const NOBODY: &str = "http://127.0.0.1:9/auth";

/// A key of the right form; nobody checks its signature, since no service is reached.
const SERVER_KEY: &str = "sk_development_A61UZQnvjSQcM5qVBaBactgqebxafWAVsNdD2xLkgBxoYuH5q2guM8r9DUmZQzE1WYyoByGVYpEG2o9gVSzAZFsrLbfKGERUJ6D5CW6S9AsJGAc3ctgrsD4n2ioekzGj7KPbLwT3SysDjMamYXLxEroUbQSdwf6aLF4zeEpECq2crkTUQeLFzxzmjWNxFDHFYefDrfrFPCURvBXJLf5pCxCQ";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("{name} is missing")).to_str().expect("ASCII")
    }
}

async fn answer(request: TestRequest) -> Answer {
    // Short limits, so that nobody waits long for a service that does not exist.
    let limit = Duration::from_millis(50);
    let options = AuthOptions::new(SERVER_KEY).base_url(NOBODY).limits(limit, limit);
    let site = Site::new("actix-web", NOBODY, "ck_of_this_test".to_owned(), None).expect("the URL holds");
    let service = init_service(app(Auth::new(options).expect("the options hold"), Data::new(site))).await;
    let request = request.insert_header((header::HOST, "localhost:3000")).to_request();
    let answer = call_service(&service, request).await;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = String::from_utf8(read_body(answer).await.to_vec()).expect("text");
    Answer { status, headers, body }
}

fn get(path: &str) -> TestRequest {
    TestRequest::with_uri(path)
}

#[tokio::test]
async fn a_stranger_sees_the_sign_in_form_and_no_key_of_the_server() {
    let page = answer(get("/")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "private, no-store");
    assert!(
        page.body.contains(r#"data-client-key="ck_of_this_test""#) && page.body.contains("actix-web example")
    );
    for path in ["/", "/api/me", "/sign-in.js"] {
        let answer = answer(get(path)).await;
        assert!(!answer.body.contains("sk_development"), "{path}");
        assert!(!format!("{:?}", answer.headers).contains("sk_development"), "{path}");
    }
}

#[tokio::test]
async fn a_stranger_gets_no_answer_from_the_protected_route() {
    let refused = answer(get("/api/me")).await;
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (StatusCode::UNAUTHORIZED, "application/json")
    );
    let problem: serde_json::Value = serde_json::from_str(&refused.body).expect("JSON");
    assert_eq!((&problem["error"], &problem["code"]), (&true.into(), &"not_signed_in".into()));
}

#[tokio::test]
async fn an_outage_is_not_shown_as_a_sign_out() {
    let cookie = (header::COOKIE, "crossmint-refresh-token=of-a-session-that-may-live");
    let page = answer(get("/").insert_header(cookie)).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("You are not signed out") && !page.body.contains(r#"id="email""#));
    assert!(!page.headers.contains_key(header::SET_COOKIE), "cookies are kept");
}

#[tokio::test]
async fn every_answer_tells_the_browser_what_not_to_do() {
    for path in ["/", "/api/me", "/style.css", "/nowhere", "/auth/nowhere"] {
        let answer = answer(get(path)).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        // The service's origin and not its path: a path with a slash at its end would match nothing below it.
        assert!(policy.contains("connect-src 'self' http://127.0.0.1:9;"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[tokio::test]
async fn another_site_cannot_sign_a_user_out_and_the_app_s_own_page_can() {
    let from = |origin: &'static str, site: &'static str| {
        TestRequest::post()
            .uri("/auth/logout")
            .insert_header((header::ORIGIN, origin))
            .insert_header(("sec-fetch-site", site))
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .insert_header((header::COOKIE, "crossmint-refresh-token=x"))
            .set_payload("{}")
    };
    let foreign = answer(from("https://evil.example", "cross-site")).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert!(!foreign.headers.contains_key(header::SET_COOKIE));
    let own = answer(from("http://localhost:3000", "same-origin")).await;
    assert_eq!(own.status, StatusCode::OK);
    assert!(own.header("set-cookie").starts_with("crossmint-"), "cookies go, even in an outage");
}
