//! An app in each web framework: arguments of handlers, and the ready routes.

use crate::{
    frameworks::in_each,
    service::{CODE, ISSUER, Mood, USER, one_time_secret},
    world::plain,
};
use http::{Request, Response, StatusCode, header};
use serde_json::{Value, json};

fn post(path: &str, body: &str) -> Request<String> {
    Request::post(path)
        .header("host", "app.example.com")
        .header("content-type", "application/json")
        .header("sec-fetch-site", "same-origin")
        .header("sec-fetch-dest", "empty")
        .body(body.to_owned())
        .unwrap()
}

fn visit(path: &str, cookies: &str) -> Request<String> {
    Request::get(path)
        .header("host", "app.example.com")
        .header("cookie", cookies)
        .body(String::new())
        .unwrap()
}

fn problem(response: &Response<String>) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let body: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(body["error"], true);
    (status, body["code"].as_str().unwrap().to_owned())
}

fn cookies(response: &Response<String>) -> Vec<String> {
    response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_handler_that_needs_a_session_gets_one_or_is_not_called() {
    in_each(async |host, app| {
        let (jwt, token) = host.sign_in();
        assert_eq!(app.call(visit("/me", &plain(&jwt, &token))).await.body(), USER);
        assert_eq!(problem(&app.call(visit("/me", "")).await), (401, "not_signed_in".into()));
        assert_eq!(app.call(visit("/", "")).await.body(), "stranger");
        host.pass(1_000);
        host.feel(Mood::Answers(503, ""));
        for path in ["/me", "/"] {
            let away = app.call(visit(path, &plain(&jwt, &token))).await;
            assert!(away.headers().contains_key(header::RETRY_AFTER) && cookies(&away).is_empty());
            assert_eq!(away.headers()[header::CACHE_CONTROL], "no-store");
            assert_eq!(problem(&away), (503, "unavailable".into()));
        }
    })
    .await;
}

#[tokio::test]
async fn threat_45_where_nothing_looks_for_a_session_nobody_is_let_in() {
    in_each(async |host, app| {
        let (jwt, token) = host.sign_in();
        let answer = app.call(visit("/unguarded", &plain(&jwt, &token))).await;
        assert_eq!(problem(&answer), (500, "layer_missing".into()));
    })
    .await;
}

#[tokio::test]
async fn a_request_that_renews_its_session_gets_the_cookies_whatever_the_answer() {
    in_each(async |host, app| {
        for path in ["/", "/me", "/nowhere", "/auth/logout"] {
            let (jwt, token) = host.sign_in();
            host.pass(1_000);
            let answer = app.call(visit(path, &plain(&jwt, &token))).await;
            assert_eq!(cookies(&answer).len(), 2, "{path}");
            assert_eq!(answer.headers()[header::CACHE_CONTROL], "private, no-store", "{path}");
            assert_eq!(answer.headers()[header::VARY], "Cookie", "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_is_finished_renewed_and_ended_by_the_ready_routes() {
    in_each(async |_, app| {
        let secret = json!({ "oneTimeSecret": one_time_secret().reveal() }).to_string();
        let signed_in = app.call(post("/auth/exchange", &secret)).await;
        assert_eq!(
            (signed_in.status(), &signed_in.headers()[header::CACHE_CONTROL]),
            (StatusCode::OK, &"private, no-store".parse().unwrap())
        );
        let jar = cookies(&signed_in)
            .iter()
            .map(|cookie| cookie.split(';').next().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join("; ");
        assert!(!signed_in.body().contains("amr1"), "scripts get no refresh token that they did not have");

        let mut renewal = post("/auth/refresh", "");
        renewal.headers_mut().insert("cookie", jar.parse().unwrap());
        let renewed = app.call(renewal).await;
        assert!(renewed.status() == StatusCode::OK && cookies(&renewed).len() == 2);

        let mut out = post("/auth/logout", "{}");
        out.headers_mut().insert("cookie", jar.parse().unwrap());
        let signed_out = app.call(out).await;
        assert_eq!(cookies(&signed_out).iter().filter(|cookie| cookie.contains("Max-Age=0")).count(), 2);
        assert_eq!(problem(&app.call(visit("/me", &jar)).await), (401, "session_revoked".into()));
    })
    .await;
}

#[tokio::test]
async fn s2_and_s9_existing_browser_clients_are_understood() {
    in_each(async |host, app| {
        let (_, token) = host.sign_in();
        let body = json!({ "refresh": token.reveal() }).to_string();
        let renewed = app.call(post("/auth/refresh", &body)).await;
        assert_eq!(cookies(&renewed).len(), 2, "headers before the body");
        let answer: Value = serde_json::from_str(renewed.body()).unwrap();
        assert!(
            answer["refreshToken"]["secret"].as_str().unwrap().starts_with("amr1")
                && answer["user"]["id"] == USER
        );
        let nothing = app.call(post("/auth/refresh", "")).await;
        assert_eq!(problem(&nothing), (401, "not_signed_in".into()));
        // Their sign-out is a bare POST; the browser vouches for its origin.
        let bare = Request::post("/auth/logout").header("sec-fetch-site", "same-origin");
        assert_eq!(app.call(bare.body(String::new()).unwrap()).await.status(), StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn s12_other_sites_and_forms_are_refused() {
    let with = |headers: &[(&'static str, &str)], body: &str| {
        let mut request = Request::post("/auth/logout").header("host", "app.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.to_owned()).unwrap()
    };
    let json = ("content-type", "application/json");
    in_each(async |_, app| {
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
            assert_eq!(problem(&app.call(request).await), (403, "request_refused".into()), "{shown}");
        }
        for request in [
            with(&[json], "{}"),
            with(&[json, ("origin", "https://app.example.com")], "{}"),
            with(&[("origin", "http://app.example.com")], ""),
        ] {
            assert_eq!(app.call(request).await.status(), StatusCode::OK);
        }
        let by_link = app.call(visit("/auth/logout", "")).await;
        assert_eq!(by_link.status(), StatusCode::METHOD_NOT_ALLOWED);
    })
    .await;
}

#[tokio::test]
async fn s13_bodies_are_limited_and_broken_ones_refused() {
    in_each(async |_, app| {
        for body in [
            "",
            "{",
            "[]",
            r#"{"oneTimeSecret":7}"#,
            &format!(r#"{{"oneTimeSecret":"{}"}}"#, "x".repeat(16 * 1024)),
        ] {
            let answer = app.call(post("/auth/exchange", body)).await;
            assert_eq!(problem(&answer), (400, "request_invalid".into()));
        }
    })
    .await;
}

#[tokio::test]
async fn a_person_signs_in_by_the_services_page_and_out_by_a_form() {
    in_each(async |host, app| {
        let there = app.call(visit("/auth/sign-in?return_to=/me", "")).await;
        assert_eq!(there.status(), StatusCode::SEE_OTHER);
        assert_eq!(there.headers()[header::CACHE_CONTROL], "private, no-store");
        let url = there.headers()[header::LOCATION].to_str().unwrap().to_owned();
        let (_, query) = url.split_once("/sign-in?").unwrap();
        let query: std::collections::HashMap<_, _> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(query["redirect_uri"], "https://app.example.com/auth/callback");
        host.expect_sign_in(&query["code_challenge"], &query["redirect_uri"]);
        let flow = cookies(&there).remove(0);
        let flow = flow.split(';').next().unwrap();

        let stray = app.call(visit(&format!("/auth/callback?code={CODE}&state=x"), flow)).await;
        assert_eq!(stray.status(), StatusCode::BAD_REQUEST);
        assert!(stray.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
        assert!(
            stray.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'")
        );
        assert!(stray.body().contains("could not be finished"), "{}", stray.body());

        let iss = ISSUER.replace(':', "%3A").replace('/', "%2F");
        let back = format!("/auth/callback?code={CODE}&state={}&iss={iss}", query["state"]);
        let arrived = app.call(visit(&back, flow)).await;
        assert_eq!(
            (arrived.status(), &arrived.headers()[header::LOCATION]),
            (StatusCode::SEE_OTHER, &"/me".parse().unwrap())
        );
        let jar: Vec<_> =
            cookies(&arrived).iter().map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect();
        assert_eq!(app.call(visit("/me", &jar[..2].join("; "))).await.body(), USER);

        let form = |site: &str| {
            Request::post("/auth/sign-out?return_to=/bye")
                .header("host", "app.example.com")
                .header("cookie", jar[..2].join("; "))
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", site)
                .body("a=b".to_owned())
                .unwrap()
        };
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(problem(&app.call(form(site)).await), (403, "request_refused".into()), "{site}");
        }
        let out = app.call(form("same-origin")).await;
        assert_eq!(
            (out.status(), &out.headers()[header::LOCATION]),
            (StatusCode::SEE_OTHER, &"/bye".parse().unwrap())
        );
        assert!(cookies(&out).iter().all(|cookie| cookie.contains("=; Max-Age=0")), "{:?}", cookies(&out));
        assert_eq!(app.call(visit("/auth/sign-out", "")).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    })
    .await;
}
