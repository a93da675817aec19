//! Sign-in by email, from the code to the session and out again.

use crate::support::{A, Service, USER, query};
use serde_json::json;

#[tokio::test]
async fn a_person_signs_in_refreshes_is_known_and_signs_out() {
    let service = Service::start().await;
    let material = service.sign_in("Ada@Example.com").await;
    assert_eq!(material["user"]["email"], "ada@example.com");
    assert_eq!(material["refresh"]["expiresAt"], "2026-10-21T14:13:20Z", "whole seconds and a Z");
    assert!(material["user"].get("phoneNumber").is_none(), "left out rather than null");

    let (jwt, token) = (material["jwt"].as_str().unwrap(), material["refresh"]["secret"].as_str().unwrap());
    let profile = service.call("GET", USER).header("authorization", &format!("Bearer {jwt}")).send().await;
    assert_eq!((profile.status, &profile.json), (200, &material["user"]));

    service.pass(600);
    let renewed = service.refresh(token).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    assert_ne!(renewed.json["refresh"]["secret"], token);

    let left = service.post("logout", &json!({ "refresh": token })).send().await;
    assert_eq!((left.status, left.text.as_str()), (200, "{}"));
    service
        .refresh(renewed.json["refresh"]["secret"].as_str().unwrap())
        .await
        .is_problem(401, "session_revoked");
    let gone = service.call("GET", USER).header("authorization", &format!("Bearer {jwt}")).send().await;
    gone.is_problem(401, "session_revoked");
}

#[tokio::test]
async fn signing_out_is_idempotent_and_asks_for_nothing() {
    let service = Service::start().await;
    for body in ["{}", "", r#"{"refresh":"no-token-of-ours"}"#, r#"{"refresh":null}"#, r#"{"refresh":""}"#] {
        let left = service.call("POST", &format!("{A}/logout")).body(body).send().await;
        assert_eq!((left.status, left.text.as_str()), (200, "{}"), "{body}");
    }
}

#[tokio::test]
async fn the_resend_trap_a_newer_code_is_taken_under_the_older_email_id() {
    let service = Service::start().await;
    let first_id = service.send_code("ada@example.com").await;
    let first = service.code_for("ada@example.com");
    service.pass(30);
    assert_eq!(service.send_code(" ADA@example.com ").await, first_id, "stable per project and address");
    let second = service.code_for("ada@example.com");
    assert_ne!(first, second);
    service.enter_code("ada@example.com", &first_id, &first).send().await.is_problem(401, "code_invalid");
    let proven = service.enter_code("ada@example.com", &first_id, &second).send().await;
    assert_eq!(proven.status, 200, "{}", proven.text);
}

#[tokio::test]
async fn a_plus_that_arrives_as_a_space_is_still_a_plus() {
    let service = Service::start().await;
    let state = service.send_code("ada+shop@example.com").await;
    let code = service.code_for("ada+shop@example.com");
    let rest = query(&[("signinAuthenticationMethod", "email"), ("token", &code), ("state", &state)]);
    // As a client writes it that does not encode: the query's plus decodes to a space.
    let path = format!("{A}/authenticate?email=ada+shop@example.com&{rest}");
    let proven = service.call("POST", &path).send().await;
    assert_eq!(proven.status, 200, "{}", proven.text);
    assert_eq!(proven.field("callbackUrl"), "", "none was named");
}

#[tokio::test]
async fn the_callback_url_comes_back_with_the_secret_and_a_bad_one_spends_no_code() {
    let service = Service::start().await;
    let state = service.send_code("ada@example.com").await;
    let code = service.code_for("ada@example.com");
    let with = |callback: &str| {
        query(&[
            ("email", "ada@example.com"),
            ("signinAuthenticationMethod", "email"),
            ("token", &code),
            ("state", &state),
            ("callbackUrl", callback),
        ])
    };
    let bad = service.call("POST", &format!("{A}/authenticate?{}", with("javascript:alert(1)"))).send().await;
    bad.is_problem(400, "callback_url_not_allowed");
    let good = service
        .call("POST", &format!("{A}/authenticate?{}", with("https://shop.example/in?x=1")))
        .send()
        .await;
    assert_eq!(good.status, 200, "{}", good.text);
    let expected = format!("https://shop.example/in?x=1&oneTimeSecret={}", good.field("oneTimeSecret"));
    assert_eq!(good.field("callbackUrl"), expected);
    assert!(good.header("location").is_none(), "given back, never redirected to");
}

#[tokio::test]
async fn a_one_time_secret_that_comes_again_within_seconds_gets_the_same_session() {
    let service = Service::start().await;
    let secret = service.one_time_secret("ada@example.com").await;
    let (first, again) = (service.refresh(&secret).await, service.refresh(&secret).await);
    assert_eq!(first.json["refresh"]["secret"], again.json["refresh"]["secret"]);
    service.pass(60);
    service.refresh(&secret).await.is_problem(401, "one_time_secret_used");
    assert_eq!(service.refresh(first.json["refresh"]["secret"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_stale_or_foreign_authorization_header_is_no_reason_to_refuse() {
    let service = Service::start().await;
    let stale = "Bearer eyJhbGciOiJub25lIn0.e30.";
    let sent = service.post("otps/send", &json!({ "email": "ada@example.com" }));
    let sent = sent.header("authorization", stale).send().await;
    assert_eq!(sent.status, 200);
    let code = service.code_for("ada@example.com");
    let proven = service.enter_code("ada@example.com", sent.field("emailId"), &code);
    let proven = proven.header("authorization", stale).send().await;
    let session = service.post("refresh", &json!({ "refresh": proven.field("oneTimeSecret") }));
    assert_eq!(session.header("authorization", stale).send().await.status, 200);
    assert_eq!(service.post("logout", &json!({})).header("authorization", stale).send().await.status, 200);
}

#[tokio::test]
async fn a_client_whose_jwt_is_short_lived_refreshes_every_second_and_is_never_limited() {
    let service = Service::start().await;
    let mut token =
        service.sign_in("ada@example.com").await["refresh"]["secret"].as_str().unwrap().to_owned();
    for _ in 0..1000 {
        service.pass(1);
        let answer = service.refresh(&token).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        token = answer.json["refresh"]["secret"].as_str().unwrap().to_owned();
    }
}
