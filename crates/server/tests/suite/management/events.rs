//! The audit trail.

use super::{ALL, SHOP, make_project, make_server_key, session_of, user_of};
use crate::support::{START, Service};
use std::time::Duration;

#[tokio::test]
async fn lines_are_chosen_by_kind_user_session_and_time() {
    let service = Service::start().await;
    let key = make_server_key(&service, &service.operator().await, SHOP, &["events.read"]).await;
    let ada = service.sign_in("ada@example.com").await;
    service.pass(100);
    let ben = service.sign_in("ben@example.com").await;
    let list =
        async |query: &str| service.manage(&key, "GET", &format!("events?{query}")).send().await.success();
    assert_eq!(list("kind=user_created").await.items("user_id"), [user_of(&ben), user_of(&ada)]);
    let of_ada = list(&format!("user_id={}", user_of(&ada))).await;
    assert!(
        of_ada.items("user_id").iter().all(|id| *id == user_of(&ada)) && !of_ada.items("kind").is_empty()
    );
    let opened = list(&format!("session_id={}", session_of(&ben))).await;
    assert_eq!(opened.items("kind"), ["session_opened"]);
    let moment = START.after(Duration::from_secs(100)).to_iso8601();
    assert_eq!(list(&format!("kind=user_created&since={moment}")).await.items("user_id"), [user_of(&ben)]);
    assert_eq!(list(&format!("kind=user_created&until={moment}")).await.items("user_id"), [user_of(&ada)]);
    for query in [
        "kind=everything",
        "kind=signed_in&kind=signed_in",
        "user_id=me",
        "user_id=",
        "session_id=%00",
        "since=yesterday",
        "until=1790000000",
        "limit=0",
        "project_id=shop",
    ] {
        let call = service.manage(&key, "GET", &format!("events?{query}")).send().await;
        call.is_problem(400, "parameter_invalid");
    }
}

#[tokio::test]
async fn lines_of_another_project_never_appear_and_an_operator_sees_all() {
    let service = Service::start().await;
    let operator = service.operator().await;
    service.sign_in("ada@example.com").await;
    let other = make_project(&service, &operator, "staging").await;
    let key = make_server_key(&service, &operator, &other, &ALL).await;
    let theirs = service.manage(&key, "GET", "events").send().await.success();
    assert_eq!(theirs.items("kind"), ["api_key_minted", "project_created"]);
    assert_eq!(theirs.items("project_id"), [other.as_str(); 2]);
    let all = service.manage(&operator, "GET", "events").send().await.success();
    for kind in ["session_opened", "project_created", "operator_token_created", "signing_key_activated"] {
        assert!(all.items("kind").contains(&kind), "{kind} in {}", all.text);
    }
    let path = format!("events?project_id={other}");
    assert_eq!(service.manage(&operator, "GET", &path).send().await.json, theirs.json);
    let nowhere = "events?project_id=08080808-0808-0808-0808-080808080808";
    service.manage(&operator, "GET", nowhere).send().await.is_problem(404, "project_unknown");
}

#[tokio::test]
async fn every_change_names_who_made_it_and_from_where() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let tokens = service.manage(&operator, "GET", "operator-tokens").send().await.success();
    let by = format!("operator_token:{}", tokens.items("id")[0]);
    let path = format!("projects/{SHOP}/not-before");
    service.manage(&operator, "POST", &path).from("203.0.113.9:1").send().await.success();
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    let ada = service.sign_in("ada@example.com").await;
    let path = format!("users/{}/disable", user_of(&ada));
    service.manage(&key, "POST", &path).from("[2001:db8:1::7]:1").send().await.success();

    let line = async |kind: &str| {
        let path = format!("events?project_id={SHOP}&kind={kind}");
        service.manage(&operator, "GET", &path).send().await.success().json["items"][0].clone()
    };
    let set = line("not_before_set").await;
    assert_eq!((set["actor"].as_str(), set["from"].as_str()), (Some(by.as_str()), Some("203.0.113.9")));
    let disabled = line("user_disabled").await;
    assert!(disabled["actor"].as_str().unwrap().starts_with("api_key:"), "{disabled}");
    assert_eq!(disabled["from"], "2001:db8:1:0::/64");
    assert_eq!(line("session_opened").await["actor"], "user");
}
