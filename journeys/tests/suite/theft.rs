//! Two holders of one refresh token are found out, and the session ends for both.

use crate::world::{Browser, World};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A thief with a copy of the jar, who uses an app server of his own choosing.
async fn robbed(world: &World) -> (Browser, Browser) {
    let victim = world.sign_in("ada@example.com").await;
    let thief = victim.clone().routed_to(world.another_app_server());
    (victim, thief)
}

/// A theft found out: the victim refreshed twice, then the thief came with the copy.
async fn found_out(world: &World) -> Browser {
    let (mut victim, mut thief) = robbed(world).await;
    for _ in 0..2 {
        world.wait(16 * MINUTE);
        assert_eq!(victim.load().await.status, 200);
    }
    world.wait(16 * MINUTE);
    assert_eq!(thief.load().await.status, 401);
    victim
}

#[tokio::test]
async fn a_thief_in_lock_step_is_found_within_three_refreshes_of_the_victim() {
    let world = World::new().await;
    let (mut victim, mut thief) = robbed(&world).await;
    let mut refreshes = 0;
    loop {
        world.wait(16 * MINUTE);
        let thief_in = thief.load().await.status == 200;
        world.wait(MINUTE);
        refreshes += 1;
        let victim_in = victim.load().await.status == 200;
        if !thief_in || !victim_in {
            break;
        }
        assert!(refreshes < 3, "both go on");
    }
    world.wait(16 * MINUTE);
    assert_eq!(
        (thief.load().await.status, victim.load().await.status),
        (401, 401),
        "the session ended for both"
    );
    assert_eq!(
        victim.cookie("crossmint-refresh-token"),
        None,
        "and a page load cleared the victim's cookies"
    );
}

#[tokio::test]
async fn an_old_copy_is_a_theft_at_its_first_use() {
    let world = World::new().await;
    let mut victim = found_out(&world).await;
    assert_eq!(victim.load().await.status, 401);
}

#[tokio::test]
async fn threat_14_nothing_of_an_ended_session_works_again_within_grace_or_later() {
    let world = World::new().await;
    let (mut victim, mut thief) = robbed(&world).await;
    let mut copies = vec![victim.clone()];
    for _ in 0..2 {
        world.wait(16 * MINUTE);
        assert_eq!(victim.load().await.status, 200);
        copies.push(victim.clone());
    }
    world.wait(16 * MINUTE);
    assert_eq!(thief.load().await.status, 401);
    for copy in copies {
        for pause in [0, 1, 10, 3600] {
            world.wait(Duration::from_secs(pause));
            let mut copy = copy.clone().routed_to(world.another_app_server());
            assert_eq!(copy.load().await.status, 401);
        }
    }
}

#[tokio::test]
async fn a_refused_background_request_leaves_the_cookies_to_the_next_page_load() {
    let world = World::new().await;
    let mut victim = found_out(&world).await;
    let background = victim.depart_in_background().answered().await;
    assert_eq!(background.status, 401);
    victim.land(&background);
    assert!(victim.cookie("crossmint-refresh-token").is_some(), "it might land after a new sign-in");
    assert_eq!(victim.load().await.status, 401);
    assert!(victim.cookie("crossmint-refresh-token").is_none());
}

#[tokio::test]
async fn s21_a_theft_found_by_one_process_is_refused_by_every_other_while_the_jwts_are_still_good() {
    let world = World::new().await;
    let (mut victim, mut thief) = robbed(&world).await;
    for _ in 0..2 {
        world.wait(16 * MINUTE);
        assert_eq!(victim.load().await.status, 200);
        world.two_seconds().await;
    }
    assert_eq!(victim.load().await.status, 200, "its JWT is fresh");
    // The thief's JWT is over; the old refresh token gives the copy away.
    assert_eq!(thief.load().await.status, 401);
    world.two_seconds().await;
    world.wire.take_calls();
    assert_eq!(victim.load().await.status, 401);
    assert_eq!(world.wire.take_calls(), Vec::<String>::new(), "without asking");
}
