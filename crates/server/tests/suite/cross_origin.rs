//! Calls from pages of other origins.

use crate::support::{A, SHOP, Service, USER};
use serde_json::json;

const FOREIGN: &str = "https://foreign.example";

#[tokio::test]
async fn a_preflight_is_answered_to_anyone_without_a_key_and_hands_out_no_credentials() {
    let service = Service::start().await;
    for path in [
        format!("{A}/otps/send"),
        format!("{A}/authenticate?email=x"),
        format!("{A}/refresh"),
        format!("{A}/logout"),
        format!("{A}/social/google/start"),
        format!("{A}/crypto_wallets/authenticate/start"),
        USER.to_owned(),
        "/api/v1/sessions".to_owned(),
        "/api/v1/sessions/exchange".to_owned(),
    ] {
        let asked = service.call("OPTIONS", &path).without("x-api-key").header("origin", FOREIGN);
        let asked = asked.header("access-control-request-method", "POST");
        let answer = asked.header("access-control-request-headers", "x-api-key, content-type").send().await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(FOREIGN));
        assert_eq!(answer.header("vary"), Some("Origin"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST"));
        let headers = answer.header("access-control-allow-headers").unwrap();
        for name in [
            "x-api-key",
            "x-client-name",
            "x-client-version",
            "content-type",
            "x-app-identifier",
            "x-extension-id",
            "authorization",
        ] {
            assert!(headers.split(", ").any(|allowed| allowed == name), "{name}");
        }
        assert_eq!(answer.header("access-control-max-age"), Some("7200"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn the_keys_origins_are_enforced_on_the_call_and_the_page_can_read_the_refusal() {
    let service = Service::start().await;
    let token = service.sign_in("ada@example.com").await["refresh"]["secret"].clone();
    let from = |origin: Option<&str>| {
        let call = service.post("refresh", &json!({ "refresh": token }));
        match origin {
            Some(origin) => call.header("origin", origin),
            None => call,
        }
    };
    let refused = from(Some(FOREIGN)).send().await;
    refused.is_problem(403, "origin_not_allowed");
    assert!(refused.field("message").contains(&format!("Request from origin \"{FOREIGN}\"")));
    assert_eq!(refused.header("access-control-allow-origin"), Some(FOREIGN));
    assert_eq!(refused.header("access-control-expose-headers"), Some("Retry-After"));
    from(Some("null")).send().await.is_problem(403, "origin_not_allowed");
    let twice = from(Some(SHOP)).append("origin", FOREIGN).send().await;
    twice.is_problem(400, "parameter_invalid");

    let own = from(Some(SHOP)).send().await;
    assert_eq!((own.status, own.header("access-control-allow-origin")), (200, Some(SHOP)));
    assert_eq!(own.header("vary"), Some("Origin"));
    assert_eq!(own.header("access-control-allow-credentials"), None);
    let native = from(None).send().await;
    assert_eq!((native.status, native.header("access-control-allow-origin")), (200, None));
}

#[tokio::test]
async fn refusals_of_every_kind_can_be_read_across_origins() {
    let service = Service::start().await;
    service.send_code("ada@example.com").await;
    let soon =
        service.post("otps/send", &json!({ "email": "ada@example.com" })).header("origin", SHOP).send().await;
    soon.is_problem(429, "resend_too_soon");
    assert_eq!(soon.header("retry-after"), Some("30"));
    let broken = service.call("POST", &format!("{A}/refresh")).body("{").header("origin", SHOP).send().await;
    let large = service.call("POST", &format!("{A}/refresh")).body("x".repeat(70_000)).header("origin", SHOP);
    let keyless = service.call("POST", &format!("{A}/refresh")).without("x-api-key").header("origin", SHOP);
    let nowhere = service.call("GET", "/api/2024-09-26/nowhere").header("origin", SHOP);
    for answer in [soon, broken, large.send().await, keyless.send().await, nowhere.send().await] {
        assert!(answer.status >= 400);
        assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP), "{}", answer.text);
        assert_eq!(answer.header("access-control-expose-headers"), Some("Retry-After"));
    }
}

#[tokio::test]
async fn what_is_not_for_foreign_pages_answers_them_no_preflight() {
    let service = Service::start().await;
    for path in [
        "/dev/clock",
        "/dev/inbox.json",
        "/healthz",
        "/api/v1/sessions/",
        "/api/v1/sessions/00000000-0000-4000-8000-000000000000",
        "/api/v1/sessionsx",
        "/api/v1/users",
    ] {
        let asked = service.call("OPTIONS", path).header("origin", FOREIGN);
        let answer = asked.header("access-control-request-method", "POST").send().await;
        assert!(answer.status >= 400, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        let read = service.call("GET", path).header("origin", FOREIGN).send().await;
        assert_eq!(read.header("access-control-allow-origin"), None, "{path}");
    }
}
