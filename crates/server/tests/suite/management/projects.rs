//! Projects.

use super::{ALL, SHOP, events, make_project, make_server_key, profile, token_of};
use crate::support::{START, Service};
use serde_json::json;

#[tokio::test]
async fn a_project_is_made_listed_shown_and_changed() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let asked = json!({ "name": "Try-out", "environment": "staging", "settings": { "settle": 0, "email_in_jwt": true } });
    let made = service.manage(&operator, "POST", "projects").body(asked.to_string()).send().await;
    assert_eq!((made.status, made.header("cache-control")), (201, Some("no-store")), "{}", made.text);
    let settings = &made.json["settings"];
    assert_eq!((&settings["settle"], &settings["grace"]), (&json!(0), &json!(10)), "the rest is as usual");
    assert_eq!((made.field("environment"), &made.json["not_before"]), ("staging", &json!(null)));
    assert_eq!(made.field("created_at"), START.to_iso8601());

    let path = format!("projects/{}", made.field("id"));
    assert_eq!(service.manage(&operator, "GET", &path).send().await.json, made.json);
    let listed = service.manage(&operator, "GET", "projects").send().await.success();
    assert_eq!(listed.items("name"), ["Shop", "Try-out"]);

    let change = json!({ "name": "Trial", "settings": { "custom_claims": { "plan": "free" } } }).to_string();
    let changed = service.manage(&operator, "PATCH", &path).body(change).send().await.success();
    assert_eq!((changed.field("name"), &changed.json["settings"]["settle"]), ("Trial", &json!(0)));
    assert_eq!(changed.json["settings"]["custom_claims"], json!({ "plan": "free" }));
    assert_eq!(service.manage(&operator, "GET", &path).send().await.json, changed.json);

    let trail = format!("events?project_id={}", made.field("id"));
    let trail = service.manage(&operator, "GET", &trail).send().await.success();
    assert_eq!(trail.items("kind"), ["project_changed", "project_created"]);
    assert_eq!(trail.items("detail"), ["name custom_claims", ""]);
}

#[tokio::test]
async fn a_projects_own_server_changes_it_and_no_other() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let other = make_project(&service, &operator, "production").await;
    let key = make_server_key(&service, &operator, SHOP, &["project.write"]).await;
    let body = json!({ "settings": { "idle": 3600 } }).to_string();
    let changed = service.manage(&key, "PATCH", &format!("projects/{SHOP}")).body(body).send().await;
    assert_eq!(changed.success().json["settings"]["idle"], 3600);
    let shown = service.manage(&key, "GET", &format!("projects/{SHOP}")).send().await.success();
    assert_eq!(shown.field("name"), "Shop");
    for (method, path) in [("GET", ""), ("PATCH", ""), ("POST", "/not-before")] {
        let call = service.manage(&key, method, &format!("projects/{other}{path}")).body("{}");
        call.send().await.is_problem(401, "project_mismatch");
    }
}

#[tokio::test]
async fn what_a_project_cannot_be_is_refused_and_named() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let shop = format!("projects/{SHOP}");
    let good = json!({ "name": "X", "environment": "staging" });
    for (method, path, field, value, code) in [
        ("POST", "projects", "name", json!(""), "settings_invalid"),
        ("POST", "projects", "environment", json!("live"), "settings_invalid"),
        ("POST", "projects", "settings", json!({ "grace": 61 }), "settings_invalid"),
        ("POST", "projects", "settings", json!({ "signing_algorithm": "HS256" }), "settings_invalid"),
        ("POST", "projects", "settings", json!({ "gracee": 1 }), "body_invalid"),
        ("POST", "projects", "id", json!(SHOP), "body_invalid"),
        ("PATCH", &shop, "environment", json!("staging"), "body_invalid"),
    ] {
        let mut body = if method == "POST" { good.clone() } else { json!({}) };
        body[field] = value;
        let call = service.manage(&operator, method, path).body(body.to_string()).send().await;
        call.is_problem(400, code);
    }
    for empty in [
        "",
        "[]",
        "null",
        "{",
        r#"["X","staging",{}]"#,
        r#"{"name":"X","environment":"staging","settings":[]}"#,
    ] {
        service
            .manage(&operator, "POST", "projects")
            .body(empty)
            .send()
            .await
            .is_problem(400, "body_invalid");
    }
    let faults = json!({ "settings": { "grace": 61, "session_jwt_ttl": 1, "custom_claims": { "sub": 1 } } });
    let refused = service.manage(&operator, "PATCH", &shop).body(faults.to_string()).send().await;
    for name in ["grace", "session_jwt_ttl", "custom_claims"] {
        assert!(refused.field("message").contains(name), "{}", refused.text);
    }
    assert_eq!(service.manage(&operator, "GET", "projects").send().await.items("name"), ["Shop"]);
}

#[tokio::test]
async fn not_before_ends_the_sessions_that_were_opened_before_it_and_only_those() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let feed = make_server_key(&service, &operator, SHOP, &ALL).await;
    let before = service.sign_in("ada@example.com").await;
    service.pass(10);
    let moment = "2026-09-21T14:13:25Z";
    let path = format!("projects/{SHOP}/not-before");
    let asked = json!({ "not_before": moment }).to_string();
    service.pass(5);
    let after = service.sign_in("ben@example.com").await;
    let set = service.manage(&operator, "POST", &path).body(asked).send().await.success();
    assert_eq!(set.field("not_before"), moment);
    service.pass(2);
    service.refresh(token_of(&before)).await.is_problem(401, "session_revoked");
    assert_eq!(profile(&service, &before).await.status, 401);
    assert_eq!(service.refresh(token_of(&after)).await.status, 200);
    let told = service.manage(&feed, "GET", "revocations").send().await.success();
    assert_eq!(
        (&told.json["entries"][0]["kind"], told.json["entries"][0]["id"].as_str()),
        (&json!("project"), Some(SHOP))
    );

    // Without a word of when, it is now; it never goes back, nor ahead.
    for (body, code) in [
        (r#"{"not_before":"2026-09-21T14:13:24Z"}"#, "settings_invalid"),
        (r#"{"not_before":"2099-01-01T00:00:00Z"}"#, "settings_invalid"),
        (r#"{"not_before":"yesterday"}"#, "settings_invalid"),
        (r#"{"not_after":"2026-09-21T14:13:24Z"}"#, "body_invalid"),
    ] {
        service.manage(&operator, "POST", &path).body(body).send().await.is_problem(400, code);
    }
    service.manage(&operator, "POST", &path).send().await.success();
    service.pass(2);
    service.refresh(token_of(&after)).await.is_problem(401, "session_revoked");
    service.pass(60);
    let again = service.sign_in("ada@example.com").await;
    assert_eq!(service.refresh(token_of(&again)).await.status, 200, "whoever signs in anew is let in");
    assert_eq!(events(&service, &operator, "not_before_set").await.items("detail").len(), 2);
}
