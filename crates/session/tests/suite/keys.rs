//! The key set: cached, renewed beside the requests, used on while the service is away.

use crate::{
    service::{JWT_LIFE, Mood, session_of},
    world::{World, background, error, plain, session},
};

#[test]
fn s6_the_key_set_is_fetched_once_for_its_life_and_renewed_beside_the_requests() {
    let mut world = World::new();
    world.service.jwt_life *= 10;
    let (jwt, token) = world.sign_in();
    for _ in 0..5 {
        world.get(&background(&plain(&jwt, &token)));
    }
    assert_eq!(world.sent("jwks.json"), 1);
    world.pass(301);
    let step = world.guard.begin(&background(&plain(&jwt, &token)), world.now);
    assert!(matches!(step, authmint::guard::Step::Done(_)), "the request itself waits for nothing");
    world.run(step);
    assert_eq!(world.sent("jwks.json"), 1);
}

#[test]
fn s6_an_outage_of_the_key_set_is_no_refresh_traffic() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    world.service.mood = Mood::Answers(503, "");
    let outcome = world.get(&background(&plain(&jwt, &token)));
    assert!(error(&outcome).is_retryable() && outcome.cookies.is_empty());
    assert_eq!(world.sent("refresh"), 0);
    assert!(world.sent("jwks.json") > 1);
    assert_eq!(error(&world.get(&background(&plain(&jwt, &token)))).code(), "unavailable");
    assert_eq!(world.sent("jwks.json"), 0, "not asked again in the same moment");
}

#[test]
fn old_keys_serve_on_while_no_newer_ones_can_be_had() {
    let mut world = World::new();
    world.service.jwt_life *= 200;
    let (jwt, token) = world.sign_in();
    world.get(&background(&plain(&jwt, &token)));
    let (later, other) = world.sign_in();
    for mood in [
        Mood::Unreachable,
        Mood::Answers(200, "{}"),
        Mood::Answers(200, r#"{"keys":[]}"#),
        Mood::Answers(404, ""),
    ] {
        world.service.mood = mood;
        world.pass(4_000);
        assert!(world.get(&background(&plain(&later, &other))).session.is_ok());
        assert!(world.sent("jwks.json") > 0);
    }
    world.pass(24 * 3_600);
    let (late, token) = world.sign_in();
    assert!(error(&world.get(&background(&plain(&late, &token)))).is_retryable(), "but not for ever");
}

#[test]
fn an_unknown_kid_fetches_the_set_again_at_most_every_thirty_seconds() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    world.get(&background(&plain(&jwt, &token)));
    world.calls.clear();
    world.pass(31);
    world.service.change_key("second");
    let (jwt, token) = world.sign_in();
    assert_eq!(session(&world.get(&background(&plain(&jwt, &token)))).session_id(), Some(session_of(&token)));
    assert_eq!((world.sent("jwks.json"), world.sent("refresh")), (1, 0));
    world.service.kid = "unpublished".into();
    let strange: Vec<_> = (0..5).map(|_| world.sign_in().0).collect();
    for jwt in &strange {
        let outcome = world.get(&background(&format!("crossmint-jwt={jwt}")));
        assert_eq!(error(&outcome).code(), "key_unknown");
    }
    assert_eq!(world.sent("jwks.json"), 0);
}

#[test]
fn a_key_that_left_the_set_takes_its_jwts_along() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    assert!(world.get(&background(&plain(&jwt, &token))).session.is_ok());
    world.service.change_key("second");
    world.pass(301);
    world.get(&background("")); // renews the set beside it
    assert_eq!(world.sent("jwks.json"), 2);
    assert_eq!(error(&world.get(&background(&format!("crossmint-jwt={jwt}")))).code(), "key_unknown");
    assert!(JWT_LIFE.as_secs() > 301, "the JWT itself had not ended");
}
