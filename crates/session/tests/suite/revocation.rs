//! The revocation feed: what ended elsewhere is refused here, while its JWT is still good.

use crate::{
    service::{JWT_LIFE, Mood, PROJECT, USER},
    world::{START, World, background, error, plain, session},
};
use authmint::{
    Revocation,
    guard::{Answer, Call, Step},
    protocol::ErrorCode,
};
use http::Request;
use std::time::Duration;

/// A world with someone signed in whose JWT was seen, and a follower that is up to date.
fn followed(revocation: Revocation) -> (World, Request<()>, authmint::protocol::secret::RefreshToken) {
    let mut world = World::with(|options| options.revocation(revocation));
    let (jwt, token) = world.sign_in();
    let request = background(&plain(&jwt, &token));
    assert!(matches!(world.follow(), Some(Answer::Heard)));
    assert!(world.get(&request).session.is_ok());
    world.calls.clear();
    (world, request, token)
}

fn code(world: &mut World, request: &Request<()>) -> String {
    world.get(request).session.err().map(|error| error.code().to_owned()).unwrap_or_default()
}

fn query(call: &Call, world: &World) -> String {
    call.request(&world.guard).uri().query().unwrap_or_default().to_owned()
}

#[test]
fn s21_what_ended_elsewhere_is_refused_without_asking_and_nothing_else_is() {
    let (mut world, request, token) = followed(Revocation::BestEffort);
    let (other_jwt, other) = world.sign_in();
    let other = background(&plain(&other_jwt, &other));
    world.service.end(&token, world.now);
    assert_eq!(code(&mut world, &request), "", "it has not been heard of yet");
    world.follow();
    assert_eq!(code(&mut world, &request), "session_revoked");
    assert_eq!(code(&mut world, &other), "");
    assert_eq!(world.sent("refresh"), 0);
    // A JWT of the session that was never seen here is refused as well.
    let unseen =
        world.service.jwt(crate::service::session_of(&token), world.now.after(Duration::from_secs(1)));
    assert_eq!(code(&mut world, &background(&format!("crossmint-jwt={unseen}"))), "session_revoked");
}

#[test]
fn a_snapshot_is_read_to_its_end_and_then_continued_by_its_cursor() {
    let mut world = World::new();
    let tokens: Vec<_> = (0..5).map(|_| world.sign_in()).collect();
    for (_, token) in &tokens {
        world.service.end(token, world.now);
    }
    let first = world.guard.follow(world.now).unwrap();
    assert_eq!((query(&first, &world), first.pause()), (String::new(), Duration::ZERO));
    world.follow();
    assert_eq!(world.sent("revocations"), 3, "two a page");
    let next = world.guard.follow(world.now).unwrap();
    assert_eq!(query(&next, &world), "cursor=c5&wait_s=20");
    assert!(!next.pause().is_zero() && next.pause() < Duration::from_secs(1));
    assert!(next.limit(&world.guard, world.now) > Duration::from_secs(20), "longer than the service waits");
    for (jwt, token) in &tokens {
        assert_eq!(code(&mut world, &background(&plain(jwt, token))), "session_revoked");
    }
}

#[test]
fn threat_23_a_kept_refresh_does_not_revive_what_ended_since() {
    // Of the same second too, which a JWT cannot tell from its end.
    for (kind, seconds) in [("session", 0), ("user", 0), ("user", 1), ("project", 0), ("project", 1)] {
        let (mut world, _, token) = followed(Revocation::BestEffort);
        let alone = background(&format!("crossmint-refresh-token={}", token.reveal()));
        let renewed = world.get(&alone);
        let jwt = session(&renewed).jwt().reveal().to_owned();
        assert!(code(&mut world, &alone).is_empty() && world.sent("refresh") == 1, "the answer is kept");
        world.pass(seconds);
        world.service.refuse(&token, ErrorCode::SessionRevoked);
        let id = match kind {
            "session" => crate::service::session_of(&token).to_string(),
            "user" => USER.to_owned(),
            _ => PROJECT.to_string(),
        };
        world.service.feed.push((kind, id, world.now));
        world.follow();
        assert_eq!(code(&mut world, &alone), "session_revoked");
        assert_eq!(code(&mut world, &background(&plain(&jwt, &token))), "session_revoked");
        assert_eq!(code(&mut world, &background(&format!("crossmint-jwt={jwt}"))), "session_revoked");
    }
}

#[test]
fn a_refresh_under_way_when_its_session_ends_brings_nothing() {
    for of_user in [false, true] {
        let (mut world, _, token) = followed(Revocation::BestEffort);
        let alone = background(&format!("crossmint-refresh-token={}", token.reveal()));
        let Step::Send(call, waiting) = world.guard.begin(&alone, world.now) else { panic!("a refresh") };
        let answer = world.drive(call);
        world.pass(1);
        if of_user {
            world.service.feed.push(("user", USER.to_owned(), world.now));
        } else {
            world.service.end(&token, world.now);
        }
        world.follow();
        let step = waiting.receive(&world.guard, answer, world.now);
        assert_eq!(error(&world.run(step)).code(), "session_revoked");
    }
}

#[test]
fn the_end_of_a_users_sessions_asks_the_service_once_a_session_and_spares_later_ones() {
    many_end("user", USER);
}

#[test]
fn the_end_of_a_projects_older_sessions_asks_the_service_once_a_session_and_spares_later_ones() {
    many_end("project", &PROJECT.to_string());
}

fn many_end(kind: &'static str, id: &str) {
    let (mut world, request, token) = followed(Revocation::BestEffort);
    world.pass(10);
    world.service.feed.push((kind, id.to_owned(), world.now));
    let (jwt, later) = {
        world.pass(1);
        world.sign_in()
    };
    world.follow();
    assert_eq!(code(&mut world, &background(&plain(&jwt, &later))), "");
    assert_eq!(world.sent("refresh"), 0, "a sign-in after the end is none of its business");
    // This service knows better than to end the older one: it is renewed, and goes on with its new JWT.
    let outcome = world.get(&request);
    let renewed =
        background(&plain(session(&outcome).jwt().reveal(), session(&outcome).refresh_token().unwrap()));
    assert_eq!((code(&mut world, &renewed), world.sent("refresh")), (String::new(), 1));
    // And one that it did end is refused.
    world.service.refuse(&token, ErrorCode::SessionRevoked);
    world.pass(1);
    world.service.feed.push((kind, id.to_owned(), world.now));
    world.follow();
    assert_eq!(code(&mut world, &renewed), "session_revoked");
}

#[test]
fn a_revoked_signing_key_vouches_for_nothing_any_more() {
    let (mut world, request, _) = followed(Revocation::BestEffort);
    let (stolen, _) = world.sign_in();
    world.service.feed.push(("key", "first".into(), world.now));
    world.follow();
    let forged = background(&format!("crossmint-jwt={stolen}"));
    assert_eq!((code(&mut world, &forged), world.sent("jwks.json")), ("key_unknown".into(), 1));
    world.pass(60);
    world.service.max_age += 1;
    assert_eq!(
        code(&mut world, &forged),
        "key_unknown",
        "not even if the set that is fetched still holds it"
    );
    world.service.change_key("second");
    world.pass(60);
    assert_eq!(code(&mut world, &request), "", "the session goes on under the next key");
    assert_eq!(code(&mut world, &forged), "key_unknown");
}

#[test]
fn while_the_feed_is_stale_best_effort_serves_and_required_does_not() {
    for (revocation, expected) in [(Revocation::BestEffort, ""), (Revocation::Required, "unavailable")] {
        let (mut world, request, _) = followed(revocation);
        world.service.mood = Mood::Unreachable;
        world.follow();
        world.pass(29);
        let still = world.guard.follow(world.now).unwrap();
        assert!(
            world.now.since(START) < Duration::from_secs(30) && still.pause() > Duration::from_millis(200)
        );
        assert_eq!(code(&mut world, &request), "", "one failure is not stale");
        world.pass(1);
        assert_eq!(code(&mut world, &request), expected);
        let outcome = world.get(&request);
        assert!(outcome.session.as_ref().err().is_none_or(authmint::AuthError::is_retryable));
        assert!(outcome.cookies.is_empty());
        world.service.mood = Mood::Well;
        world.follow();
        assert_eq!(code(&mut world, &request), "");
        assert_eq!(world.sent("refresh"), 0);
    }
}

#[test]
fn required_serves_nobody_before_the_first_page_but_whom_the_service_just_vouched_for() {
    let mut world = World::with(|options| options.revocation(Revocation::Required));
    let (jwt, token) = world.sign_in();
    assert_eq!(code(&mut world, &background(&plain(&jwt, &token))), "unavailable");
    world.pass(JWT_LIFE.as_secs() + 1);
    let outcome = world.get(&background(&plain(&jwt, &token)));
    assert!(outcome.session.is_ok() && !outcome.cookies.is_empty(), "a new token must never be lost");
}

#[test]
fn off_asks_nothing_and_a_key_that_may_not_follow_is_not_tried_again() {
    let mut world = World::with(|options| options.revocation(Revocation::Off));
    assert!(world.follow().is_none() && world.calls.is_empty());
    for (revocation, gives_up) in [(Revocation::BestEffort, true), (Revocation::Required, false)] {
        let (mut world, request, _) = followed(revocation);
        world.service.mood =
            Mood::Answers(403, r#"{"error":true,"message":"lacks feed.read","code":"scope_missing"}"#);
        let Some(Answer::Failed(error)) = world.follow() else { panic!("a refusal") };
        assert_eq!(error.code(), "scope_missing");
        assert_eq!(world.guard.follow(world.now).is_none(), gives_up);
        assert_eq!(code(&mut world, &request), "", "no request is the worse for it");
    }
}

#[test]
fn failures_are_waited_out_ever_longer_and_a_broken_page_is_one() {
    let (mut world, request, token) = followed(Revocation::BestEffort);
    world.service.mood = Mood::Answers(
        200,
        r#"{"entries":[{"kind":"session","id":"no ID","ended_at":1,"expires_at":2}],"cursor":"c9","snapshot":false}"#,
    );
    let mut pauses = Vec::new();
    for _ in 0..6 {
        world.sent("revocations");
        assert!(matches!(world.follow(), Some(Answer::Failed(_))));
        assert_eq!(world.sent("revocations"), 1, "one failure, one poll");
        pauses.push(world.guard.follow(world.now).unwrap().pause());
    }
    assert!(pauses[0] >= Duration::from_millis(250) && pauses[0] <= Duration::from_millis(500));
    assert!(pauses[4] >= Duration::from_secs(4) && pauses[5] <= Duration::from_secs(8), "{pauses:?}");
    world.service.mood = Mood::Well;
    world.service.end(&token, world.now);
    assert_eq!(query(&world.guard.follow(world.now).unwrap(), &world), "cursor=c0&wait_s=20");
    world.follow();
    assert_eq!(code(&mut world, &request), "session_revoked");
}
