//! The revocation feed: who may follow it, what it says, and when.

use crate::support::{Answer, Service};
use authmint_domain::model::{policy::LONGEST_JWT_TTL, project::Scope};
use serde_json::json;

async fn poll(service: &Service, key: &str, query: &str) -> Answer {
    let path = format!("/api/v1/revocations{query}");
    service.call("GET", &path).header("x-api-key", key).send().await
}

/// A new session that was ended at once: its ID.
async fn ended(service: &Service, email: &str) -> String {
    let material = service.sign_in(email).await;
    let token = material["refresh"]["secret"].as_str().unwrap();
    assert_eq!(service.post("logout", &json!({ "refresh": token })).send().await.status, 200);
    session_of(token)
}

fn session_of(token: &str) -> String {
    let token = authmint_protocol::secret::RefreshToken::new(token.to_owned());
    authmint_protocol::refresh_token::unverified_session_id(&token).unwrap().to_string()
}

fn ids(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["entries"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_snapshot_then_what_came_since_its_cursor() {
    let service = Service::start().await;
    let key = service.add_server_key(9, &[Scope::FeedRead]).await;
    let first = ended(&service, "ada@example.com").await;
    let snapshot = poll(&service, &key, "").await;
    assert_eq!((ids(&snapshot), &snapshot.json["snapshot"]), (vec![first.as_str()], &json!(true)));
    let entry = &snapshot.json["entries"][0];
    assert_eq!((&entry["kind"], &entry["ended_at"]), (&json!("session"), &json!(1_790_000_000)));
    let longest = LONGEST_JWT_TTL.as_secs();
    assert_eq!(entry["expires_at"], json!(1_790_000_000 + longest + 60));

    let since = format!("?cursor={}", snapshot.field("cursor"));
    let nothing = poll(&service, &key, &since).await;
    assert_eq!((ids(&nothing).len(), &nothing.json["snapshot"]), (0, &json!(false)));
    let second = ended(&service, "grace@example.com").await;
    assert_eq!(ids(&poll(&service, &key, &since).await), [second.as_str()]);
    assert_eq!(ids(&poll(&service, &key, "?cursor=99").await).len(), 2, "not of this database: a snapshot");
    service.pass(longest + 61);
    assert_eq!(ids(&poll(&service, &key, "").await).len(), 0, "every JWT of them is over");
}

#[tokio::test]
async fn whoever_waits_is_answered_when_something_ends() {
    let service = Service::start().await;
    let key = service.add_server_key(9, &[Scope::FeedRead]).await;
    let cursor = poll(&service, &key, "").await.field("cursor").to_owned();
    let query = format!("?cursor={cursor}&wait_s=25");
    let (answer, session) =
        tokio::join!(biased; poll(&service, &key, &query), ended(&service, "ada@example.com"));
    assert_eq!(ids(&answer), [session.as_str()]);
}

#[tokio::test]
async fn an_end_that_another_process_committed_is_told_too() {
    let service = Service::start().await;
    let key = service.add_server_key(9, &[Scope::FeedRead]).await;
    let material = service.sign_in("ada@example.com").await;
    let session = session_of(material["refresh"]["secret"].as_str().unwrap());
    let cursor = poll(&service, &key, "").await.field("cursor").to_owned();
    let elsewhere = async {
        use authmint_domain::port::Store as _;
        let store =
            authmint_store::Store::open(&service.database(), &crate::support::inline()).await.unwrap();
        let decide = |session: Option<&authmint_domain::model::session::Session>| {
            session.unwrap().sign_out(crate::support::START)
        };
        store.decide_session(session.parse().unwrap(), decide).await.unwrap();
    };
    let query = format!("?cursor={cursor}&wait_s=25");
    let (answer, ()) = tokio::join!(biased; poll(&service, &key, &query), elsewhere);
    assert_eq!(ids(&answer), [session.as_str()]);
}

#[tokio::test]
async fn only_a_server_key_with_the_scope_follows() {
    let service = Service::start().await;
    poll(&service, &service.client_key, "").await.is_problem(403, "server_key_required");
    poll(&service, &service.server_key, "").await.is_problem(403, "scope_missing");
    let key = service.add_server_key(9, &[Scope::FeedRead]).await;
    for query in
        ["?cursor=x", "?cursor=-1", "?cursor=18446744073709551615", "?cursor=1&cursor=2", "?wait_s=a"]
    {
        poll(&service, &key, query).await.is_problem(400, "parameter_invalid");
    }
}
