//! When keys and tokens were last used.

use super::SHOP;
use crate::support::{Service, Setup, inline};
use authmint_store::{Options, Writer};
use serde_json::{Value, json};

#[tokio::test]
async fn the_last_use_of_keys_and_tokens_is_known_to_the_minute() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let used = async |path: &str| {
        let listed = service.manage(&operator, "GET", path).send().await.success();
        listed.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["last_used_at"].clone())
            .collect::<Vec<Value>>()
    };
    let keys = format!("projects/{SHOP}/api-keys");
    assert_eq!(used(&keys).await, [json!(null), json!(null)]);

    service.pass(125);
    service.post("logout", &json!({})).send().await.success();
    service.app.keep_last_used().await.unwrap();
    // It was 2026-09-21T14:15:25Z.
    assert_eq!(used(&keys).await, [json!("2026-09-21T14:15:00Z"), json!(null)]);
    assert_eq!(used("operator-tokens").await, [json!("2026-09-21T14:13:00Z")]);

    service.pass(60);
    service.app.keep_last_used().await.unwrap();
    assert_eq!(used(&keys).await[0], "2026-09-21T14:15:00Z", "nothing was shown meanwhile");
    service.post("logout", &json!({})).send().await.success();
    service.app.keep_last_used().await.unwrap();
    assert_eq!(used(&keys).await[0], "2026-09-21T14:16:00Z");
}

#[tokio::test]
async fn what_was_noted_is_written_down_when_the_service_stops() {
    let store = Options { writer: Writer::Thread, ..inline() };
    let service = Service::start_as(Setup { store, ..Setup::default() }).await;
    let operator = service.operator().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // The last request comes when the service means to stop.
    let last = async { drop(service.post("logout", &json!({})).send().await.success()) };
    authmint_server::serve(service.app.clone(), listener, last).await.unwrap();
    let keys = format!("projects/{SHOP}/api-keys");
    let listed = service.manage(&operator, "GET", &keys).send().await.success();
    assert_eq!(listed.json["items"][0]["last_used_at"], "2026-09-21T14:13:00Z");
}
