//! Refreshes: one at a time, many at once, in two tabs, overtaken by stale answers.

use crate::world::{Browser, World};
use std::{collections::HashSet, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);

fn token(browser: &Browser) -> String {
    browser.cookie("crossmint-refresh-token").expect("signed in").to_owned()
}

#[tokio::test]
async fn a_session_lives_on_by_refreshes_and_each_is_one_call() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    for _ in 0..48 {
        world.wait(16 * MINUTE);
        world.wire.take_calls();
        let before = token(&browser);
        assert_eq!(browser.load().await.status, 200);
        assert_eq!(world.wire.take_calls().iter().filter(|call| *call == "refresh").count(), 1);
        assert_ne!(token(&browser), before, "a settled token rotates");
    }
}

#[tokio::test]
async fn threat_19_an_answer_with_a_session_cookie_is_never_cached_for_others() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    world.wait(16 * MINUTE);
    let renewed = browser.load().await;
    assert!(renewed.headers.get_all("set-cookie").iter().count() >= 2);
    assert_eq!(renewed.headers["cache-control"], "private, no-store");
    assert!(renewed.headers["vary"].to_str().unwrap().contains("Cookie"));
}

#[tokio::test]
async fn a_storm_of_fifty_requests_with_one_token_is_one_call_and_one_answer() {
    let world = World::new().await;
    let browser = world.sign_in("ada@example.com").await;
    world.wait(16 * MINUTE);
    world.wire.take_calls();
    let departed: Vec<_> = (0..50).map(|_| browser.depart_in_background()).collect();
    let tasks: Vec<_> = departed.into_iter().map(|request| tokio::spawn(request.answered())).collect();
    let mut tokens = HashSet::new();
    for task in tasks {
        let answer = task.await.unwrap();
        assert_eq!(answer.status, 200);
        let mut landed = browser.clone();
        landed.land(&answer);
        tokens.insert(token(&landed));
    }
    assert_eq!(tokens.len(), 1, "every contender holds the same successor");
    assert_eq!(world.wire.take_calls().iter().filter(|call| *call == "refresh").count(), 1);
}

#[tokio::test]
async fn a_storm_over_fifty_processes_of_the_app_has_one_successor_too() {
    let world = World::new().await;
    let browser = world.sign_in("ada@example.com").await;
    world.wait(16 * MINUTE);
    let mut tokens = HashSet::new();
    for _ in 0..50 {
        let mut elsewhere = browser.clone().routed_to(world.another_app_server());
        assert_eq!(elsewhere.load().await.status, 200);
        tokens.insert(token(&elsewhere));
    }
    assert_eq!(tokens.len(), 1);
}

#[tokio::test]
async fn two_tabs_share_a_jar_and_neither_is_signed_out_whichever_answer_lands_last() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    for round in 0..20 {
        world.wait(16 * MINUTE);
        let (one, other) = (browser.depart(), browser.depart());
        let one = one.answered().await;
        world.wait(Duration::from_secs(round));
        let other = other.answered().await;
        assert_eq!((one.status, other.status), (200, 200));
        let (first, last) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        browser.land(first);
        browser.land(last);
        assert_eq!(browser.load().await.status, 200);
    }
}

#[tokio::test]
async fn a_stale_answer_that_overwrites_the_jar_signs_nobody_out() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    world.wait(16 * MINUTE);
    let overtaken = browser.depart();
    let stale = overtaken.answered().await;
    world.wait(5 * MINUTE);
    // Meanwhile the same old token is used again (the first answer is still under way), from another process.
    let mut elsewhere = browser.clone().routed_to(world.another_app_server());
    assert_eq!(elsewhere.load().await.status, 200);
    // The first answer lands last and overwrites what came after it.
    browser = elsewhere;
    browser.land(&stale);
    for _ in 0..5 {
        world.wait(16 * MINUTE);
        assert_eq!(browser.load().await.status, 200);
    }
}

#[tokio::test]
async fn a_jar_that_lost_its_jwt_cookie_is_served_by_its_refresh_token() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    browser.drop_cookie("crossmint-jwt");
    assert_eq!(browser.load().await.status, 200);
    assert!(browser.cookie("crossmint-jwt").is_some());
}
