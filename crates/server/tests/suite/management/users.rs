//! Users.

use super::{ALL, SHOP, events, make_server_key, profile, token_of, user_of};
use crate::support::Service;
use serde_json::json;

#[tokio::test]
async fn users_are_listed_searched_and_shown() {
    let service = Service::start().await;
    let key = make_server_key(&service, &service.operator().await, SHOP, &["users.read"]).await;
    let mut ids = Vec::new();
    for email in ["ada@example.com", "adam@example.com", "ben@example.com"] {
        ids.push(user_of(&service.sign_in(email).await).to_owned());
        service.pass(1);
    }
    let list =
        async |query: &str| service.manage(&key, "GET", &format!("users{query}")).send().await.success();
    assert_eq!(list("").await.items("email"), ["ben@example.com", "adam@example.com", "ada@example.com"]);
    assert_eq!(list("?search=ADA").await.items("email"), ["ada@example.com", "adam@example.com"]);
    assert_eq!(list(&format!("?search={}", ids[2])).await.items("email"), ["ben@example.com"]);
    assert_eq!(list("?search=nobody").await.items("email"), [""; 0]);
    assert_eq!(list("?search=").await.items("email").len(), 3, "an empty parameter is a missing one");

    let shown = service.manage(&key, "GET", &format!("users/{}", ids[0])).send().await.success();
    assert_eq!(shown.json["identities"], json!([{ "method": "email", "subject": "ada@example.com" }]));
    assert_eq!((shown.field("id"), &shown.json["disabled_at"]), (ids[0].as_str(), &json!(null)));
}

#[tokio::test]
async fn threat_22_whoever_was_disabled_is_refused_everywhere_at_once() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    let ada = service.sign_in("ada@example.com").await;
    service.pass(60);
    let waiting = service.one_time_secret("ada@example.com").await;
    let path = format!("users/{}", user_of(&ada));
    let disabled = service.manage(&key, "POST", &format!("{path}/disable")).send().await.success();
    assert!(!disabled.field("disabled_at").is_empty());

    service.refresh(token_of(&ada)).await.is_problem(401, "session_revoked");
    assert_eq!(profile(&service, &ada).await.status, 401, "the JWT is good for minutes still, and refused");
    assert_ne!(service.refresh(&waiting).await.status, 200, "a one-time secret that waited is void");
    let feed = service.manage(&key, "GET", "revocations").send().await.success();
    let entry = &feed.json["entries"][0];
    assert_eq!((&entry["kind"], entry["id"].as_str()), (&json!("user"), Some(user_of(&ada))));

    service.pass(600);
    let state = service.send_code("ada@example.com").await;
    let code = service.code_for("ada@example.com");
    service.enter_code("ada@example.com", &state, &code).send().await.is_problem(403, "user_disabled");

    let enabled = service.manage(&key, "POST", &format!("{path}/enable")).send().await.success();
    assert_eq!(enabled.json["disabled_at"], json!(null));
    service.refresh(token_of(&ada)).await.is_problem(401, "session_revoked");
    service.pass(600);
    let again = service.sign_in("ada@example.com").await;
    assert_eq!(user_of(&again), user_of(&ada), "the same person signs in again");
    for kind in ["user_disabled", "user_enabled"] {
        let lines = events(&service, &operator, kind).await;
        assert_eq!(lines.items("user_id"), [user_of(&ada)]);
        assert!(lines.items("actor")[0].starts_with("api_key:"), "{}", lines.text);
    }
}

#[tokio::test]
async fn a_deleted_user_is_forgotten_and_the_same_address_is_somebody_new() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    let ada = service.sign_in("ada.lovelace@example.com").await;
    let path = format!("users/{}", user_of(&ada));
    let deleted = service.manage(&key, "DELETE", &path).send().await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/disable")),
        ("GET", format!("{path}/sessions")),
        ("DELETE", format!("{path}/sessions")),
    ] {
        service.manage(&key, method, &path).send().await.is_problem(404, "user_unknown");
    }
    let refused = service.refresh(token_of(&ada)).await;
    assert_eq!(
        (
            refused.status,
            refused.field("code").starts_with("session_") || refused.field("code") == "refresh_unknown"
        ),
        (401, true),
        "{}",
        refused.text
    );
    assert_eq!(profile(&service, &ada).await.status, 401);
    assert_eq!(service.manage(&key, "GET", "users").send().await.items("id"), [""; 0]);
    let trail = service.manage(&operator, "GET", &format!("events?project_id={SHOP}")).send().await.success();
    assert!(!trail.text.contains("lovelace"), "the trail keeps the ID, not the address: {}", trail.text);
    assert_eq!(trail.items("kind")[0], "user_deleted");

    service.pass(600);
    let anew = service.sign_in("ada.lovelace@example.com").await;
    assert_ne!(user_of(&anew), user_of(&ada));
}
