//! First visit, ordinary requests, sign-out.

use crate::world::{Browser, World};
use std::time::Duration;

#[tokio::test]
async fn a_first_visit_is_answered_as_signed_out_without_asking_the_service() {
    let world = World::new().await;
    let mut browser = Browser::new(world.app());
    assert_eq!(browser.load().await.status, 401);
    assert_eq!(world.wire.take_calls(), Vec::<String>::new());
}

#[tokio::test]
async fn after_a_sign_in_ordinary_requests_cost_no_call_at_all() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    world.wire.take_calls();
    let first = browser.load().await;
    assert_eq!(first.status, 200);
    for _ in 0..100 {
        world.wait(Duration::from_secs(5));
        let next = browser.load().await;
        assert_eq!((next.status, &next.body), (200, &first.body));
        assert!(next.headers.get("set-cookie").is_none());
    }
    assert_eq!(world.wire.take_calls(), Vec::<String>::new());
}

#[tokio::test]
async fn the_same_address_is_the_same_user_and_another_address_another() {
    let world = World::new().await;
    let first = world.sign_in("ada@example.com").await.load().await.body;
    world.wait(Duration::from_secs(60));
    assert_eq!(world.sign_in("ADA@example.com").await.load().await.body, first);
    assert_ne!(world.sign_in("grace@example.com").await.load().await.body, first);
}

#[tokio::test]
async fn threat_16_a_second_user_in_the_same_browser_inherits_nothing_of_the_first() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    let ada = browser.load().await.body;
    let secret = world.one_time_secret("grace@example.com").await;
    let signed_in = browser.post("/auth/exchange", &serde_json::json!({ "oneTimeSecret": secret })).await;
    assert_eq!(signed_in.status, 200);
    assert_ne!(browser.load().await.body, ada);
}

#[tokio::test]
async fn a_reloaded_callback_page_sends_its_secret_twice_and_the_user_stays_signed_in() {
    let world = World::new().await;
    let secret = serde_json::json!({ "oneTimeSecret": world.one_time_secret("ada@example.com").await });
    let mut browser = Browser::new(world.app());
    assert_eq!(browser.post("/auth/exchange", &secret).await.status, 200);
    let token = browser.cookie("crossmint-refresh-token").unwrap().to_owned();
    // Another process of the app, so that no kept answer of the SDK's helps.
    let mut reloaded = browser.clone().routed_to(world.another_app_server());
    assert_eq!(reloaded.post("/auth/exchange", &secret).await.status, 200);
    assert_eq!(reloaded.cookie("crossmint-refresh-token"), Some(token.as_str()));
    world.wait(Duration::from_secs(30));
    let mut late = browser.clone().routed_to(world.another_app_server());
    assert_eq!(late.post("/auth/exchange", &secret).await.status, 401);
    assert_eq!(browser.load().await.status, 200, "the session lives on");
}

#[tokio::test]
async fn a_sign_out_ends_the_session_for_every_copy_of_its_cookies() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    let mut copy = browser.clone().routed_to(world.another_app_server());
    assert_eq!(copy.load().await.status, 200);
    world.two_seconds().await;
    assert_eq!(browser.post("/auth/logout", &serde_json::json!({})).await.status, 200);
    assert_eq!(browser.cookie("crossmint-refresh-token"), None);
    assert_eq!(browser.load().await.status, 401);
    // The copied JWT is still good, but the other process has heard that its session ended.
    world.two_seconds().await;
    world.wire.take_calls();
    assert_eq!(copy.depart_in_background().answered().await.status, 401);
    assert_eq!(world.wire.take_calls(), Vec::<String>::new(), "without asking");
    world.wait(Duration::from_secs(16 * 60));
    assert_eq!(copy.load().await.status, 401);
}

#[tokio::test]
async fn an_end_that_an_outage_hides_is_made_up_for_when_the_feed_is_back() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    assert_eq!(browser.load().await.status, 200);
    world.wire.set_down(true);
    for _ in 0..15 {
        world.two_seconds().await;
    }
    world.sign_out_elsewhere(&browser).await;
    world.two_seconds().await;
    assert_eq!(browser.load().await.status, 200, "best effort: an honest user is served through an outage");
    world.wire.set_down(false);
    // The longest back-off.
    for _ in 0..4 {
        world.two_seconds().await;
    }
    world.two_seconds().await;
    world.wire.take_calls();
    assert_eq!(browser.load().await.status, 401);
    assert_eq!(world.wire.take_calls(), Vec::<String>::new());
}
