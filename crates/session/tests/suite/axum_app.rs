//! An axum app: arguments of handlers, and the ready routes.

use crate::{
    client::TestHost,
    service::{Mood, USER, one_time_secret},
    world::plain,
};
use authmint::{Session, axum::routes, tower::AuthLayer};
use axum::{Router, body::Body, routing::get};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

fn app(host: &TestHost) -> Router {
    let auth = host.auth();
    Router::new()
        .route("/me", get(async |session: Session| session.user_id().to_owned()))
        .route(
            "/",
            get(async |session: Option<Session>| {
                session.map_or("stranger".to_owned(), |s| s.user_id().to_owned())
            }),
        )
        .nest("/auth", routes(auth.clone()))
        .layer(AuthLayer::new(auth))
}

fn post(path: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .header("host", "app.example.com")
        .header("content-type", "application/json")
        .header("sec-fetch-site", "same-origin")
        .header("sec-fetch-dest", "empty")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn visit(path: &str, cookies: &str) -> Request<Body> {
    Request::get(path)
        .header("host", "app.example.com")
        .header("cookie", cookies)
        .body(Body::empty())
        .unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn problem(response: Response<Body>) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let body: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(body["error"], true);
    (status, body["code"].as_str().unwrap().to_owned())
}

fn cookies(response: &Response<Body>) -> Vec<String> {
    response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_handler_that_needs_a_session_gets_one_or_is_not_called() {
    let host = TestHost::new();
    let app = app(&host);
    let (jwt, token) = host.sign_in();
    assert_eq!(text(app.clone().oneshot(visit("/me", &plain(&jwt, &token))).await.unwrap()).await, USER);
    let refused = app.clone().oneshot(visit("/me", "")).await.unwrap();
    assert_eq!(problem(refused).await, (401, "not_signed_in".into()));
    assert_eq!(text(app.clone().oneshot(visit("/", "")).await.unwrap()).await, "stranger");
    host.pass(1_000);
    host.feel(Mood::Answers(503, ""));
    for path in ["/me", "/"] {
        let away = app.clone().oneshot(visit(path, &plain(&jwt, &token))).await.unwrap();
        assert!(away.headers().contains_key(header::RETRY_AFTER) && cookies(&away).is_empty());
        assert_eq!(problem(away).await, (503, "unavailable".into()));
    }
}

#[tokio::test]
async fn without_the_layer_nobody_is_let_in() {
    let app = Router::<()>::new().route("/me", get(async |session: Session| session.user_id().to_owned()));
    assert_eq!(problem(app.oneshot(visit("/me", "")).await.unwrap()).await, (500, "layer_missing".into()));
}

#[tokio::test]
async fn a_sign_in_is_finished_renewed_and_ended_by_the_ready_routes() {
    let host = TestHost::new();
    let app = app(&host);
    let secret = json!({ "oneTimeSecret": one_time_secret().reveal() }).to_string();
    let signed_in = app.clone().oneshot(post("/auth/exchange", &secret)).await.unwrap();
    assert_eq!(
        (signed_in.status(), &signed_in.headers()[header::CACHE_CONTROL]),
        (StatusCode::OK, &"private, no-store".parse().unwrap())
    );
    let jar = cookies(&signed_in)
        .iter()
        .map(|cookie| cookie.split(';').next().unwrap().to_owned())
        .collect::<Vec<_>>()
        .join("; ");
    assert!(!text(signed_in).await.contains("amr1"), "scripts get no refresh token that they did not have");

    let mut renewal = post("/auth/refresh", "");
    renewal.headers_mut().insert("cookie", jar.parse().unwrap());
    let renewed = app.clone().oneshot(renewal).await.unwrap();
    assert!(renewed.status() == StatusCode::OK && cookies(&renewed).len() == 2);

    let mut out = post("/auth/logout", "{}");
    out.headers_mut().insert("cookie", jar.parse().unwrap());
    let signed_out = app.clone().oneshot(out).await.unwrap();
    assert_eq!(cookies(&signed_out).iter().filter(|cookie| cookie.contains("Max-Age=0")).count(), 2);
    assert_eq!(
        problem(app.oneshot(visit("/me", &jar)).await.unwrap()).await,
        (401, "session_revoked".into())
    );
}

#[tokio::test]
async fn s2_and_s9_existing_browser_clients_are_understood() {
    let host = TestHost::new();
    let app = app(&host);
    let (_, token) = host.sign_in();
    let body = json!({ "refresh": token.reveal() }).to_string();
    let renewed = app.clone().oneshot(post("/auth/refresh", &body)).await.unwrap();
    assert_eq!(cookies(&renewed).len(), 2, "headers before the body");
    let answer: Value = serde_json::from_str(&text(renewed).await).unwrap();
    assert!(
        answer["refreshToken"]["secret"].as_str().unwrap().starts_with("amr1")
            && answer["user"]["id"] == USER
    );
    let nothing = app.clone().oneshot(post("/auth/refresh", "")).await.unwrap();
    assert_eq!(problem(nothing).await, (401, "not_signed_in".into()));
    // Their sign-out is a bare POST; the browser vouches for its origin.
    let bare =
        Request::post("/auth/logout").header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(bare).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn s12_other_sites_and_forms_are_refused() {
    let host = TestHost::new();
    let app = app(&host);
    let with = |headers: &[(&'static str, &str)], body: &str| {
        let mut request = Request::post("/auth/logout").header("host", "app.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_owned())).unwrap()
    };
    let json = ("content-type", "application/json");
    let refused = [
        with(&[json, ("sec-fetch-site", "cross-site")], "{}"),
        with(&[json, ("sec-fetch-site", "same-site")], "{}"),
        with(&[json, ("origin", "https://evil.example.com")], "{}"),
        with(&[json, ("origin", "null")], "{}"),
        with(&[json, ("origin", "https://app.example.com.evil.net")], "{}"),
        with(&[("content-type", "text/plain"), ("sec-fetch-site", "same-origin")], "{}"),
        with(&[("content-type", "application/x-www-form-urlencoded")], "a=b"),
        with(&[], ""),
    ];
    for request in refused {
        let shown = format!("{:?}", request.headers());
        assert_eq!(
            problem(app.clone().oneshot(request).await.unwrap()).await,
            (403, "request_refused".into()),
            "{shown}"
        );
    }
    for request in [
        with(&[json], "{}"),
        with(&[json, ("origin", "https://app.example.com")], "{}"),
        with(&[("origin", "http://app.example.com")], ""),
    ] {
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn s13_bodies_are_limited_and_broken_ones_refused() {
    let app = app(&TestHost::new());
    for body in [
        "",
        "{",
        "[]",
        r#"{"oneTimeSecret":7}"#,
        &format!(r#"{{"oneTimeSecret":"{}"}}"#, "x".repeat(16 * 1024)),
    ] {
        let answer = app.clone().oneshot(post("/auth/exchange", body)).await.unwrap();
        assert_eq!(problem(answer).await, (400, "request_invalid".into()));
    }
}
