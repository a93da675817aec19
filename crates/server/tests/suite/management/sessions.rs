//! Sessions.

use super::{ALL, SHOP, events, make_server_key, profile, session_of, token_of, user_of};
use crate::support::Service;
use serde_json::json;

#[tokio::test]
async fn sessions_are_listed_with_what_their_devices_said() {
    let service = Service::start().await;
    let key = make_server_key(&service, &service.operator().await, SHOP, &["sessions.read"]).await;
    let secret = service.one_time_secret("ada@example.com").await;
    let call = service.post("refresh", &json!({ "refresh": secret })).from("[2001:db8::1]:1");
    let call = call.header("user-agent", "Browser/1").header("x-client-name", "client-sdk");
    let ada = call.header("x-client-version", "1.2").send().await.success().json;
    service.pass(60);
    let second = service.sign_in("ada@example.com").await;

    let path = format!("users/{}/sessions", user_of(&ada));
    let listed = service.manage(&key, "GET", &path).send().await.success();
    assert_eq!(listed.items("id"), [session_of(&second), session_of(&ada)], "the newest first");
    let first = &listed.json["items"][1];
    assert_eq!((&first["user_agent"], &first["client"]), (&json!("Browser/1"), &json!("client-sdk 1.2")));
    assert_eq!((&first["opened_from"], &first["method"]), (&json!("2001:db8:0:0::/64"), &json!("email")));
    assert_eq!((&first["ended_at"], &first["end_reason"]), (&json!(null), &json!(null)));
    for secret in [token_of(&ada), ada["jwt"].as_str().unwrap()] {
        assert!(!listed.text.contains(secret));
    }
    let path = format!("sessions/{}", session_of(&ada));
    assert_eq!(&service.manage(&key, "GET", &path).send().await.json, first);
}

#[tokio::test]
async fn one_session_is_ended_and_its_sister_goes_on() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    let (one, two) = (service.sign_in("ada@example.com").await, {
        service.pass(60);
        service.sign_in("ada@example.com").await
    });
    let path = format!("sessions/{}", session_of(&one));
    let ended = service.manage(&key, "DELETE", &path).send().await.success();
    assert_eq!(ended.field("end_reason"), "operator");
    service.refresh(token_of(&one)).await.is_problem(401, "session_revoked");
    assert_eq!(profile(&service, &one).await.status, 401);
    assert_eq!(service.refresh(token_of(&two)).await.status, 200);
    service.pass(5);
    let again = service.manage(&key, "DELETE", &path).send().await.success();
    assert_eq!(again.json["ended_at"], ended.json["ended_at"], "it stays as it ended");
    let feed = service.manage(&key, "GET", "revocations").send().await.success();
    assert_eq!(feed.json["entries"][0]["id"].as_str(), Some(session_of(&one).as_str()));
    let lines = events(&service, &operator, "session_ended").await;
    assert_eq!(lines.items("session_id"), [session_of(&one)]);
}

#[tokio::test]
async fn a_user_is_signed_out_everywhere_and_may_sign_in_again() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    let one = service.sign_in("ada@example.com").await;
    let ben = service.sign_in("ben@example.com").await;
    service.pass(60);
    let two = service.sign_in("ada@example.com").await;
    let path = format!("users/{}/sessions", user_of(&one));
    let told = service.manage(&key, "DELETE", &path).send().await.success();
    assert_eq!((told.field("id"), &told.json["disabled_at"]), (user_of(&one), &json!(null)));
    for material in [&one, &two] {
        service.refresh(token_of(material)).await.is_problem(401, "session_revoked");
        assert_eq!(profile(&service, material).await.status, 401);
    }
    assert_eq!(service.refresh(token_of(&ben)).await.status, 200, "nobody else is signed out");
    let listed = service.manage(&key, "GET", &path).send().await.success();
    assert_eq!(listed.items("end_reason"), ["operator", "operator"]);
    service.pass(60);
    let again = service.sign_in("ada@example.com").await;
    assert_eq!(service.refresh(token_of(&again)).await.status, 200);
    assert_eq!(events(&service, &operator, "user_sessions_ended").await.items("user_id"), [user_of(&one)]);
}
