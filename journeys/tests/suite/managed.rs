//! What an operator or the app's own server ends, heard by every server that follows the feed.

use crate::world::{Browser, World};
use authmint_domain::{
    flow::admin::{project, session, user},
    model::grant::{Management, OperatorGrant},
};
use authmint_protocol::id::{ProjectId, SessionId, UserId};
use std::time::Duration;

fn management() -> Management {
    OperatorGrant::command_line().manage(ProjectId::from_bytes([1; 16]))
}

/// Ada on two devices of two app servers, and Bob: all of them served without asking the service.
struct People {
    world: World,
    ada: UserId,
    devices: Vec<Browser>,
    bob: Browser,
}

impl People {
    async fn come() -> Self {
        let world = World::new().await;
        let mut laptop = world.sign_in("ada@example.com").await;
        world.wait(Duration::from_secs(60));
        let mut phone = world.sign_in("ada@example.com").await.routed_to(world.another_app_server());
        let mut bob = world.sign_in("bob@example.com").await;
        let ada = laptop.load().await.body.parse().unwrap();
        assert_eq!(phone.load().await.status, 200);
        assert_eq!(bob.load().await.status, 200);
        world.two_seconds().await;
        world.wire.take_calls();
        Self { world, ada, devices: vec![laptop, phone], bob }
    }

    /// Two seconds later Ada is out on every device, each having asked the service once at most, and Bob is in.
    async fn only_bob_is_left(&mut self) {
        self.world.two_seconds().await;
        self.world.wire.take_calls();
        for device in &mut self.devices {
            let first = device.depart_in_background().answered().await;
            assert_eq!((first.status, first.body.contains("session_revoked")), (401, true), "{}", first.body);
            assert!(self.world.wire.take_calls().len() <= 1);
            for _ in 0..20 {
                assert_eq!(device.depart_in_background().answered().await.status, 401);
            }
            assert_eq!(self.world.wire.take_calls(), Vec::<String>::new(), "without asking again");
            assert_eq!(device.load().await.status, 401);
        }
        assert_eq!(self.bob.load().await.status, 200);
    }

    async fn ada_signs_in_again(&self) -> u16 {
        self.world.wait(Duration::from_secs(60));
        self.world.sign_in("ada@example.com").await.load().await.status
    }
}

#[tokio::test]
async fn signed_out_everywhere_is_out_on_every_device_within_two_seconds_and_may_come_back() {
    let mut people = People::come().await;
    user::end_sessions(people.world.service().context(), &management(), people.ada).await.unwrap();
    people.only_bob_is_left().await;
    assert_eq!(people.ada_signs_in_again().await, 200);
}

#[tokio::test]
async fn threat_22_a_disabled_user_is_out_on_every_device_within_two_seconds_and_stays_out() {
    let mut people = People::come().await;
    let cx = std::sync::Arc::clone(people.world.service().context());
    user::disable(&cx, &management(), people.ada).await.unwrap();
    people.only_bob_is_left().await;
    people.world.wait(Duration::from_secs(60));
    let refused = people.world.try_sign_in("ada@example.com").await;
    assert_eq!(refused["code"], "user_disabled", "{refused}");
    user::enable(&cx, &management(), people.ada).await.unwrap();
    assert_eq!(people.ada_signs_in_again().await, 200);
    assert_eq!(people.devices[0].load().await.status, 401, "what was ended stays so");
}

#[tokio::test]
async fn a_deleted_user_is_out_on_every_device_within_two_seconds_and_comes_back_as_somebody_new() {
    let mut people = People::come().await;
    user::delete(people.world.service().context(), &management(), people.ada).await.unwrap();
    people.world.two_seconds().await;
    for device in &mut people.devices {
        assert_eq!(device.depart_in_background().answered().await.status, 401);
        assert_eq!(device.load().await.status, 401);
    }
    assert_eq!(people.bob.load().await.status, 200);
    people.world.wait(Duration::from_secs(60));
    let new = people.world.sign_in("ada@example.com").await.load().await;
    assert_eq!(new.status, 200);
    assert_ne!(new.body, people.ada.to_string());
}

#[tokio::test]
async fn one_session_ended_by_an_operator_leaves_the_users_other_devices_alone() {
    let mut people = People::come().await;
    let cx = std::sync::Arc::clone(people.world.service().context());
    let sessions = session::list(&cx, &management(), people.ada, None, 10).await.unwrap().items;
    // The newest first: the phone.
    let phone: SessionId = sessions[0].id;
    session::end(&cx, &management(), phone).await.unwrap();
    people.world.two_seconds().await;
    people.world.wire.take_calls();
    assert_eq!(people.devices[1].depart_in_background().answered().await.status, 401);
    assert_eq!(people.devices[0].load().await.status, 200);
    assert_eq!(people.world.wire.take_calls(), Vec::<String>::new(), "neither asks");
}

#[tokio::test]
async fn a_not_before_ends_what_is_older_within_two_seconds_and_spares_what_is_younger() {
    let mut people = People::come().await;
    let cx = std::sync::Arc::clone(people.world.service().context());
    people.world.wait(Duration::from_secs(60));
    let moment = authmint_domain::port::Clock::now(&cx.clock);
    people.world.wait(Duration::from_secs(60));
    let mut young = people.world.sign_in("cid@example.com").await;
    assert_eq!(young.load().await.status, 200);
    people.world.wait(Duration::from_secs(60));
    project::set_not_before(&cx, &management(), Some(moment)).await.unwrap();
    people.world.two_seconds().await;
    for old in people.devices.iter_mut().chain([&mut people.bob]) {
        assert_eq!(old.depart_in_background().answered().await.status, 401);
    }
    people.world.wire.take_calls();
    assert_eq!(young.load().await.status, 200);
    assert_eq!(
        people.world.wire.take_calls().len(),
        1,
        "its JWT does not say when it was opened: it asks once"
    );
    assert_eq!(young.load().await.status, 200);
    assert_eq!(people.world.wire.take_calls(), Vec::<String>::new());
}
