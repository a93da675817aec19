//! API keys.

use super::{SHOP, events, make_server_key};
use crate::support::{SHOP as ORIGIN, Service};
use serde_json::json;

#[tokio::test]
async fn a_key_is_shown_once_listed_without_its_text_and_refused_once_revoked() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let path = format!("projects/{SHOP}/api-keys");
    let asked = json!({ "usage": "client", "callers": { "origins": ["https://App.Example/"] } }).to_string();
    let made = service.manage(&operator, "POST", &path).body(asked).send().await;
    assert_eq!((made.status, made.header("cache-control")), (201, Some("no-store")));
    let key = made.field("key").to_owned();
    assert!(key.starts_with("ck_production_"), "{key}");
    assert_eq!(made.json["callers"]["origins"], json!(["https://app.example"]));
    assert_eq!(made.json["scopes"], json!(["users.create"]));

    let refused_with = async |origin: &str| {
        let call = service.post("refresh", &json!({ "refresh": "x" })).header("x-api-key", &key);
        call.header("origin", origin).send().await.field("code").to_owned()
    };
    assert_eq!(refused_with("https://app.example").await, "refresh_malformed", "it is let in");
    assert_eq!(refused_with(ORIGIN).await, "origin_not_allowed");

    let listed = service.manage(&operator, "GET", &path).send().await.success();
    assert!(listed.items("id").contains(&made.field("id")) && !listed.text.contains(&key));
    let path = format!("api-keys/{}", made.field("id"));
    let revoked = service.manage(&operator, "DELETE", &path).send().await.success();
    assert!(!revoked.field("revoked_at").is_empty(), "{}", revoked.text);
    service.pass(2);
    assert_eq!(refused_with("https://app.example").await, "api_key_unknown");
    let again = service.manage(&operator, "DELETE", &path).send().await.success();
    assert_eq!(again.json["revoked_at"], revoked.json["revoked_at"], "once is for good");
    assert_eq!(events(&service, &operator, "api_key_revoked").await.items("kind").len(), 1);
}

#[tokio::test]
async fn what_a_key_cannot_be_is_refused() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let path = format!("projects/{SHOP}/api-keys");
    for asked in [
        json!({ "usage": "admin" }),
        json!({ "usage": "client" }),
        json!({ "usage": "client", "callers": { "origins": ["*"] } }),
        json!({ "usage": "server", "callers": { "apps": ["com.example.app"] } }),
        json!({ "usage": "server", "scopes": ["users.everything"] }),
        json!({ "usage": "client", "callers": { "apps": ["com.example.app"], "anyone": true } }),
    ] {
        let call = service.manage(&operator, "POST", &path).body(asked.to_string()).send().await;
        call.is_problem(400, "settings_invalid");
    }
    let nowhere = "projects/08080808-0808-0808-0808-080808080808/api-keys";
    let call = service.manage(&operator, "POST", nowhere).body(r#"{"usage":"server"}"#).send().await;
    call.is_problem(404, "project_unknown");
    service.manage(&operator, "GET", nowhere).send().await.is_problem(404, "project_unknown");
}

#[tokio::test]
async fn a_key_that_nobody_trusted_signed_is_not_adopted() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let own = make_server_key(&service, &operator, SHOP, &[]).await;
    for (key, status, code) in [
        (authmint_protocol::api_key::TEST_VECTOR_KEY, 409, "conflict"),
        (own.as_str(), 400, "settings_invalid"),
        ("x", 400, "settings_invalid"),
    ] {
        let asked = json!({ "key": key, "project_name": "X", "callers": { "anyone": true } }).to_string();
        let call = service.manage(&operator, "POST", "api-keys/adopt").body(asked).send().await;
        call.is_problem(status, code);
        assert!(!call.text.contains(key) || key == "x", "{}", call.text);
    }
    assert_eq!(service.manage(&operator, "GET", "projects").send().await.items("name"), ["Shop"]);
}
