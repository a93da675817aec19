//! Lost requests, lost replies, outages, clocks that differ: nobody honest is signed out.

use crate::world::{Fault, World};
use authmint_domain::model::policy::Policy;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_lost_reply_is_made_up_for_within_the_same_request() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    for fault in [Fault::ReplyLost, Fault::RequestLost] {
        world.wait(16 * MINUTE);
        world.wire.fail_next([fault]);
        assert_eq!(browser.load().await.status, 200, "{fault:?}");
    }
    assert_eq!(browser.load().await.status, 200);
}

#[tokio::test]
async fn a_reply_lost_for_good_is_made_up_for_hours_later() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    world.wait(16 * MINUTE);
    // Every try of this request loses its reply: the service rotated, and the jar holds the old token.
    world.wire.fail_next([Fault::ReplyLost; 8]);
    assert_eq!(browser.load().await.status, 503);
    assert!(browser.cookie("crossmint-refresh-token").is_some(), "a failure clears nothing");
    world.wire.fail_next([]);
    world.wait(180 * MINUTE);
    let mut elsewhere = browser.clone().routed_to(world.another_app_server());
    assert_eq!(elsewhere.load().await.status, 200);
    for _ in 0..5 {
        world.wait(16 * MINUTE);
        assert_eq!(elsewhere.load().await.status, 200);
    }
}

#[tokio::test]
async fn an_outage_serves_those_whose_jwt_is_valid_and_signs_nobody_out() {
    let world = World::new().await;
    let mut valid = world.sign_in("ada@example.com").await;
    let mut ended = world.sign_in("grace@example.com").await;
    assert_eq!(ended.load().await.status, 200);
    world.wait(10 * MINUTE);
    assert_eq!(valid.load().await.status, 200);
    world.wire.set_down(true);
    world.wait(3 * MINUTE);
    assert_eq!(valid.load().await.status, 200);
    world.wait(10 * MINUTE);
    let refused = ended.load().await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.headers.get("set-cookie").is_none());
    world.wire.set_down(false);
    world.wait(MINUTE);
    assert_eq!(ended.load().await.status, 200);
    assert_eq!(valid.load().await.status, 200);
}

#[tokio::test]
async fn clocks_that_differ_by_seconds_make_no_difference() {
    for skew in [-4, -1, 1, 4, 90] {
        let world = World::with(Policy::default(), skew).await;
        let mut browser = world.sign_in("ada@example.com").await;
        for _ in 0..10 {
            assert_eq!(browser.load().await.status, 200, "skew {skew} s");
            world.wait(7 * MINUTE);
        }
    }
}

#[tokio::test]
async fn a_clock_far_behind_is_a_fault_that_is_named_and_clears_no_cookie() {
    let world = World::with(Policy::default(), -3600).await;
    let mut browser = crate::world::Browser::new(world.app());
    let secret = world.one_time_secret("ada@example.com").await;
    let refused = browser.post("/auth/exchange", &serde_json::json!({ "oneTimeSecret": secret })).await;
    assert!(refused.status >= 400);
    assert!(refused.body.contains("clock"), "{}", refused.body);
}

#[tokio::test]
async fn a_clock_within_the_leeway_serves_and_one_beyond_it_is_named_and_costs_nobody_a_session() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    assert_eq!(browser.load().await.status, 200);
    for (ahead, serves) in
        [(-5, true), (5, true), (-6, false), (-86_400, false), (3600, false), (86_400, false)]
    {
        // A process of its own each time: what another one verified is not asked again.
        let mut there = browser.clone().routed_to(world.app_server_ahead_by(ahead));
        let answer = there.load().await;
        assert_eq!(answer.status, if serves { 200 } else { 500 }, "{ahead} s ahead: {}", answer.body);
        if !serves {
            assert!(answer.body.contains("misconfigured"), "{ahead} s ahead: {}", answer.body);
            assert!(answer.headers.get("set-cookie").is_none(), "{ahead} s ahead: a cookie went");
        }
        let mut back = there.routed_to(world.app());
        assert_eq!(back.load().await.status, 200, "{ahead} s ahead: the session was lost");
    }
}
