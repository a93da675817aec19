//! "What getSession does", step by step.

use crate::{
    service::{JWT_LIFE, USER, session_of, token},
    world::{World, background, error, page, plain, request, session, set},
};
use authmint::{
    AuthError,
    guard::Step,
    protocol::{secret::SessionJwt, time::Timestamp},
};
use std::{collections::BTreeSet, time::Duration};

#[test]
fn a_jwt_seen_before_asks_nobody() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let request = background(&plain(&jwt, &token));
    assert_eq!(session(&world.get(&request)).user_id(), USER);
    assert_eq!((world.calls.join(" "), world.checks), ("jwks.json".to_owned(), 1));
    let Step::Done(outcome) = world.guard.begin(&request, world.now) else { panic!("nothing to ask") };
    assert_eq!(session(&outcome).refresh_token().unwrap().reveal(), token.reveal());
    assert!(session(&outcome).refresh_expires_at().is_none() && outcome.cookies.is_empty());
}

#[test]
fn a_request_without_cookies_is_not_signed_in_and_costs_nothing() {
    let mut world = World::new();
    let outcome = world.get(&page("theme=dark"));
    assert_eq!((error(&outcome).code(), error(&outcome).status()), ("not_signed_in", 401));
    assert!(world.calls.is_empty() && outcome.cookies.is_empty());
}

#[test]
fn an_expired_jwt_is_refreshed_and_the_pair_stored_with_its_ends() {
    let mut world = World::new();
    let (jwt, old) = world.sign_in();
    world.pass(JWT_LIFE.as_secs() + 60);
    let outcome = world.get(&background(&plain(&jwt, &old)));
    let new = token(session_of(&old), 2);
    assert_eq!(session(&outcome).refresh_token().unwrap().reveal(), new.reveal());
    assert!(session(&outcome).refresh_expires_at().is_some());
    let cookies = set(&outcome);
    assert_eq!(cookies.len(), 2);
    assert_eq!(
        (cookies[0].0.as_str(), cookies[0].1.as_str()),
        ("crossmint-jwt", session(&outcome).jwt().reveal())
    );
    assert!(cookies[0].2.starts_with("Max-Age=900; Path=/; Expires="), "{}", cookies[0].2);
    assert_eq!((cookies[1].0.as_str(), cookies[1].1.as_str()), ("crossmint-refresh-token", new.reveal()));
    assert!(
        cookies[1].2.starts_with("Max-Age=2592000; ")
            && cookies[1].2.ends_with("; HttpOnly; Secure; SameSite=Lax")
    );
}

#[test]
fn a_refresh_token_alone_and_a_jwt_of_another_session_are_refreshed() {
    let mut world = World::new();
    let (jwt, _) = world.sign_in();
    let (_, other) = world.sign_in();
    for cookies in [format!("crossmint-refresh-token={}", other.reveal()), plain(&jwt, &other)] {
        let outcome = world.get(&background(&cookies));
        assert_eq!(session(&outcome).session_id(), Some(session_of(&other)));
        assert!(!outcome.cookies.is_empty());
    }
}

#[test]
fn an_answer_with_the_same_refresh_token_writes_only_the_jwt() {
    let mut world = World::new();
    world.service.young = true;
    let (_, token) = world.sign_in();
    let outcome = world.get(&background(&format!("crossmint-refresh-token={}", token.reveal())));
    assert_eq!(set(&outcome).iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), ["crossmint-jwt"]);
}

#[test]
fn the_early_window_lies_between_60_and_120_seconds_and_never_beyond_a_third_of_the_life() {
    for (life, never_at, always_at) in [(900, 121, 59), (90, 31, 29)] {
        for left in [never_at, always_at] {
            let mut world = World::new();
            world.service.jwt_life = Duration::from_secs(life);
            let (jwt, token) = world.sign_in();
            let cookies = plain(&jwt, &token);
            world.get(&background(&cookies));
            world.pass(life - left);
            let outcome = world.get(&background(&cookies));
            assert_eq!(!outcome.cookies.is_empty(), left == always_at, "{left} s before the end of {life} s");
        }
    }
}

#[test]
fn the_early_window_is_spread_by_token_and_fixed_for_one_token() {
    let mut world = World::new();
    let mut starts = BTreeSet::new();
    for _ in 0..40 {
        let (jwt, token) = world.service.sign_in(world.now);
        let cookies = plain(&jwt, &token);
        world.get(&background(&cookies));
        let renews = |left: u64| {
            let at = world.now.after(JWT_LIFE - Duration::from_secs(left));
            !matches!(world.guard.begin(&background(&cookies), at), Step::Done(_))
        };
        starts.insert((60..=120).rev().find(|left| renews(*left)).expect("it begins within the window"));
    }
    assert!(starts.len() > 15, "spread over the window: {starts:?}");
}

#[test]
fn a_prefetch_is_no_reason_for_an_early_refresh_but_an_expired_jwt_is() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let cookies = plain(&jwt, &token);
    let prefetch = [("sec-purpose", "prefetch;prerender"), ("sec-fetch-dest", "document")];
    world.get(&background(&cookies));
    world.pass(JWT_LIFE.as_secs() - 30);
    assert!(world.get(&request(&cookies, &prefetch)).cookies.is_empty());
    world.pass(60);
    assert_eq!(set(&world.get(&request(&cookies, &prefetch))).len(), 2);
}

#[test]
fn a_peek_never_rotates() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let cookies = plain(&jwt, &token);
    world.get(&background(&cookies));
    world.pass(JWT_LIFE.as_secs() - 30);
    let step = world.guard.begin_peek(&background(&cookies), world.now);
    assert_eq!(session(&world.run(step)).user_id(), USER);
    world.pass(60);
    for cookies in [cookies, format!("crossmint-refresh-token={}", token.reveal())] {
        let step = world.guard.begin_peek(&page(&cookies), world.now);
        let outcome = world.run(step);
        assert_eq!(error(&outcome).code(), "refresh_needed");
        assert!(outcome.cookies.is_empty());
    }
    assert_eq!(world.sent("refresh"), 0);
}

#[test]
fn a_jwt_alone_serves_while_it_is_valid() {
    let mut world = World::new();
    let (jwt, _) = world.sign_in();
    let ask = |world: &mut World| {
        let step = world.guard.begin_with(Some(SessionJwt::new(jwt.clone())), None, world.now);
        world.run(step)
    };
    assert_eq!(session(&ask(&mut world)).user_id(), USER);
    world.pass(JWT_LIFE.as_secs() - 10);
    assert!(ask(&mut world).session.is_ok(), "early refresh needs a refresh token");
    world.pass(20);
    assert_eq!(error(&ask(&mut world)).code(), "jwt_expired");
}

#[test]
fn a_jwt_refused_right_after_a_refresh_is_a_fault_of_configuration() {
    let mut world = World::with(|options| options.issuer("https://other.example.com"));
    let (jwt, token) = world.sign_in();
    let outcome = world.get(&page(&plain(&jwt, &token)));
    let AuthError::Misconfigured(_) = error(&outcome) else { panic!("{:?}", outcome.session) };
    let text = error(&outcome).to_string();
    assert!(
        text.contains("https://other.example.com") && text.contains("https://auth.example.com"),
        "{text}"
    );
    assert_eq!((world.sent("refresh"), set(&outcome).len()), (1, 0), "one refresh, cookies kept");
}

#[test]
fn material_handed_in_comes_back_without_cookies() {
    let mut world = World::new();
    let (_, token) = world.sign_in();
    let step = world.guard.begin_with(None, Some(token), world.now);
    let outcome = world.run(step);
    assert!(session(&outcome).renewed().is_some() && outcome.cookies.is_empty());
}

#[test]
fn clocks_that_differ_a_little_sign_nobody_out() {
    let mut world = World::new();
    let ahead = world.now.after(Duration::from_secs(4));
    let (jwt, token) = world.service.sign_in(ahead);
    assert!(world.get(&background(&plain(&jwt, &token))).session.is_ok());
    assert_eq!(world.sent("refresh"), 0);
    assert!(Timestamp::EPOCH < world.now);
}
