//! Attacks that have succeeded elsewhere, by their numbers in SECURITY.md.

use super::{ALL, SHOP, make_project, make_server_key, session_of, token_of, user_of};
use crate::support::Service;
use serde_json::json;

#[tokio::test]
async fn threat_42_no_body_says_whose_it_is() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    let other = make_project(&service, &operator, "production").await;
    let (ada, ben) = (service.sign_in("ada@example.com").await, service.sign_in("ben@example.com").await);
    let lie =
        json!({ "user_id": user_of(&ben), "id": user_of(&ben), "project_id": other, "sub": user_of(&ben) });
    let path = format!("users/{}/disable?user_id={}", user_of(&ada), user_of(&ben));
    let call = service.manage(&key, "POST", &path).body(lie.to_string());
    let call = call.header("x-user-id", user_of(&ben)).header("x-project-id", &other);
    assert_eq!(call.send().await.success().field("id"), user_of(&ada));
    assert_eq!(service.refresh(token_of(&ben)).await.status, 200, "whom the body named is left alone");

    for (method, path) in [
        ("PATCH", format!("projects/{SHOP}")),
        ("POST", format!("projects/{SHOP}/not-before")),
        ("POST", format!("projects/{SHOP}/api-keys")),
        ("POST", "projects".to_owned()),
        ("POST", "operator-tokens".to_owned()),
    ] {
        let body = json!({ "project_id": other, "name": "X", "usage": "server", "environment": "staging" });
        let call = service.manage(&operator, method, &path).body(body.to_string()).send().await;
        call.is_problem(400, "body_invalid");
    }
}

#[tokio::test]
async fn threat_43_an_id_in_a_path_is_an_id_or_nothing() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    let ada = service.sign_in("ada@example.com").await;
    let (user, session) = (user_of(&ada), session_of(&ada));
    let odd = |id: &str| {
        [
            "..%2Fprojects".to_owned(),
            format!("{id}%2F.."),
            format!("{id}%00"),
            format!("{id}%20"),
            format!("%7B{id}%7D"),
            id.replace('-', ""),
            "'%20OR%201=1--".to_owned(),
            "%FF".to_owned(),
            "me".to_owned(),
            "0".to_owned(),
            "*".to_owned(),
            "a".repeat(5000),
        ]
    };
    for id in odd(user) {
        for (method, rest) in [
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "/disable"),
            ("POST", "/enable"),
            ("GET", "/sessions"),
            ("DELETE", "/sessions"),
        ] {
            let call = service.manage(&key, method, &format!("users/{id}{rest}")).send().await;
            call.is_problem(404, "user_unknown");
        }
    }
    for id in odd(&session) {
        for method in ["GET", "DELETE"] {
            let call = service.manage(&key, method, &format!("sessions/{id}")).send().await;
            call.is_problem(404, "session_unknown");
        }
    }
    for id in odd(SHOP) {
        for (method, path, code) in [
            ("GET", format!("projects/{id}"), "project_unknown"),
            ("POST", format!("projects/{id}/not-before"), "project_unknown"),
            ("GET", format!("projects/{id}/api-keys"), "project_unknown"),
            ("DELETE", format!("api-keys/{id}"), "api_key_not_found"),
            ("DELETE", format!("operator-tokens/{id}"), "operator_token_not_found"),
        ] {
            service.manage(&operator, method, &path).send().await.is_problem(404, code);
        }
    }
    assert_eq!(service.refresh(token_of(&ada)).await.status, 200, "nothing was done");
}

#[tokio::test]
async fn threat_46_what_is_searched_for_is_text_and_never_a_pattern() {
    let service = Service::start().await;
    let key = make_server_key(&service, &service.operator().await, SHOP, &ALL).await;
    service.sign_in("ada@example.com").await;
    for evil in [
        "%25",
        "_da",
        "ada%25",
        "*",
        "?",
        "'%20OR%20'1'='1",
        "a%22;--",
        "%00",
        "ada%00",
        "%F0%9F%98%80",
        "\u{e9}",
    ] {
        let path = format!("users?search={}", evil.replace('\u{e9}', "%C3%A9"));
        let found = service.manage(&key, "GET", &path).send().await.success();
        assert_eq!(found.items("id"), [""; 0], "{evil}");
    }
    let found = service.manage(&key, "GET", "users?search=ada%40").send().await.success();
    assert_eq!(found.items("email"), ["ada@example.com"], "the control");
}

#[tokio::test]
async fn no_answer_and_no_line_of_the_trail_holds_a_secret() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    let secret = service.one_time_secret("ada@example.com").await;
    let code = service.code_for("ada@example.com");
    let ada = service.refresh(&secret).await.success().json;
    let asked = json!({ "name": "second" }).to_string();
    let second = service.manage(&operator, "POST", "operator-tokens").body(asked).send().await.success();
    let secrets = [
        operator.as_str(),
        second.field("token"),
        &key,
        &service.client_key,
        &secret,
        token_of(&ada),
        ada["jwt"].as_str().unwrap(),
    ];
    let (user, session) = (user_of(&ada), session_of(&ada));
    for path in [
        "projects".to_owned(),
        format!("projects/{SHOP}"),
        format!("projects/{SHOP}/api-keys"),
        "operator-tokens".to_owned(),
        "signing-keys".to_owned(),
        "events?limit=100".to_owned(),
        format!("users?project_id={SHOP}"),
        format!("users/{user}?project_id={SHOP}"),
        format!("users/{user}/sessions?project_id={SHOP}"),
        format!("sessions/{session}?project_id={SHOP}"),
    ] {
        let answer = service.manage(&operator, "GET", &path).send().await.success();
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        for secret in secrets {
            assert!(!answer.text.contains(secret), "{path}");
        }
        for name in ["hash", "sealed", "\"key\"", "\"token\"", "generation"] {
            assert!(!answer.text.contains(name), "{name} in {path}: {}", answer.text);
        }
    }
    let trail = service.manage(&operator, "GET", "events?limit=100").send().await.success();
    assert!(
        !trail.items("detail").contains(&code.as_str()) && !trail.text.contains("ada@"),
        "{}",
        trail.text
    );
}
