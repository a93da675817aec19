//! "Failure": who is asked again, who waits, and that only the terminal codes end anything.

use crate::{
    service::{JWT_LIFE, Mood, session_of},
    world::{START, World, background, cleared, error, page, plain, request, session, set},
};
use authmint::protocol::ErrorCode;
use std::time::Duration;

#[test]
fn s11_nothing_but_a_terminal_code_clears_cookies() {
    let moods = [
        Mood::Unreachable,
        Mood::Silent,
        Mood::Busy(429, 1),
        Mood::Answers(500, "<html>oops</html>"),
        Mood::Answers(502, ""),
        Mood::Answers(503, r#"{"error":true,"message":"busy","code":"unavailable"}"#),
        Mood::Answers(200, "<html>sign in to the wireless network</html>"),
        Mood::Answers(302, ""),
        Mood::Answers(403, "<html>forbidden by a proxy</html>"),
        Mood::Answers(401, r#"{"error":true,"message":"no such key","code":"api_key_unknown"}"#),
        Mood::Answers(401, "<html>no json</html>"),
        Mood::Answers(400, r#"{"error":true,"message":"not with this status","code":"session_revoked"}"#),
    ];
    for mood in moods {
        let mut world = World::new();
        let (jwt, token) = world.sign_in();
        world.get(&page(&plain(&jwt, &token)));
        world.pass(JWT_LIFE.as_secs() + 60);
        world.service.mood = mood;
        let outcome = world.get(&page(&plain(&jwt, &token)));
        assert!(
            outcome.cookies.is_empty() && matches!(error(&outcome).status(), 500 | 503),
            "{:?}",
            outcome.session
        );
        world.service.mood = Mood::Well;
        assert!(world.get(&page(&plain(&jwt, &token))).session.is_ok(), "the session lives on");
    }
}

#[test]
fn a_failing_service_is_asked_again_within_six_seconds_in_all() {
    for (mood, at_least) in [(Mood::Unreachable, 5), (Mood::Answers(503, ""), 5), (Mood::Silent, 2)] {
        let mut world = World::new();
        world.service.max_age = 86_400; // no renewal of keys beside it
        let (jwt, token) = world.sign_in();
        world.get(&page(&plain(&jwt, &token)));
        world.pass(JWT_LIFE.as_secs() + 60);
        world.service.mood = mood;
        let before = world.now;
        let outcome = world.get(&background(&plain(&jwt, &token)));
        assert!(error(&outcome).is_retryable() && error(&outcome).code() == "unavailable");
        let spent = world.now.since(before);
        assert!(spent <= Duration::from_secs(6), "{spent:?}");
        let tries = world.sent("refresh");
        assert!((at_least..20).contains(&tries), "{tries} tries");
    }
}

#[test]
fn one_failure_is_repaired_by_the_next_try() {
    let mut world = World::new();
    let (_, token) = world.sign_in();
    let step =
        world.guard.begin(&background(&format!("crossmint-refresh-token={}", token.reveal())), world.now);
    let authmint::guard::Step::Send(call, waiting) = step else { panic!("a refresh is due") };
    let lost = call.receive(
        &world.guard,
        Err(authmint::guard::TryFailed::TimedOut),
        world.now.after(Duration::from_secs(3)),
    );
    let authmint::guard::Progress::Again(call) = lost else { panic!("a second try is due") };
    assert!(call.pause() >= Duration::from_millis(50) && call.pause() <= Duration::from_millis(100));
    let answer = world.drive(call);
    let step = waiting.receive(&world.guard, answer, world.now);
    assert_eq!(set(&world.run(step)).len(), 2);
}

#[test]
fn retry_after_is_honoured_or_handed_on() {
    let mut world = World::new();
    let (_, token) = world.sign_in();
    let cookies = format!("crossmint-refresh-token={}", token.reveal());
    world.service.mood = Mood::Busy(429, 4);
    world.get(&background(&cookies));
    assert_eq!((world.sent("refresh"), world.now.since(START)), (2, Duration::from_secs(4)));
    world.service.mood = Mood::Busy(503, 30);
    world.pass(60);
    let outcome = world.get(&background(&cookies));
    assert_eq!(world.sent("refresh"), 1, "thirty seconds are not waited for");
    let authmint::AuthError::Unavailable { retry_after, .. } = error(&outcome) else { panic!() };
    assert_eq!(*retry_after, Some(Duration::from_secs(30)));
}

#[test]
fn while_the_jwt_holds_the_session_is_served_and_the_service_left_in_peace() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let cookies = plain(&jwt, &token);
    world.get(&background(&cookies));
    world.pass(JWT_LIFE.as_secs() - 50);
    world.service.mood = Mood::Unreachable;
    assert!(world.get(&background(&cookies)).session.is_ok());
    assert!(world.sent("refresh") > 1);
    assert!(world.get(&background(&cookies)).session.is_ok());
    assert_eq!(world.sent("refresh"), 0, "not every request waits for a service that is down");
    world.service.mood = Mood::Well;
    world.pass(6);
    assert_eq!(set(&world.get(&background(&cookies))).len(), 2);
}

#[test]
fn a_terminal_code_clears_on_a_navigation_only_and_is_remembered() {
    for code in [
        ErrorCode::RefreshMalformed,
        ErrorCode::RefreshUnknown,
        ErrorCode::SessionExpired,
        ErrorCode::SessionRevoked,
    ] {
        let mut world = World::new();
        let (_, token) = world.sign_in();
        world.service.refuse(&token, code);
        let cookies = format!("crossmint-refresh-token={}", token.reveal());
        for _ in 0..3 {
            let outcome = world.get(&background(&cookies));
            assert_eq!((error(&outcome).code(), error(&outcome).status()), (code.as_str(), 401));
            assert!(outcome.cookies.is_empty());
        }
        assert_eq!(cleared(&world.get(&page(&cookies))).len(), 2);
        assert_eq!(
            cleared(&world.get(&request(&cookies, &[]))).len(),
            2,
            "browsers without Sec-Fetch headers"
        );
        assert_eq!(world.sent("refresh"), 1);
    }
}

#[test]
fn a_session_found_ended_is_refused_although_its_jwt_holds() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let cookies = plain(&jwt, &token);
    assert!(world.get(&background(&cookies)).session.is_ok());
    world.service.refuse(&token, ErrorCode::SessionRevoked);
    world.pass(JWT_LIFE.as_secs() - 50);
    assert_eq!(error(&world.get(&background(&cookies))).code(), "session_revoked");
    assert_eq!(error(&world.get(&background(&cookies))).code(), "session_revoked");
    let alone = format!("crossmint-jwt={jwt}");
    assert_eq!(error(&world.get(&background(&alone))).code(), "session_revoked");
}

#[test]
fn s8_later_requests_with_the_old_token_share_its_answer_for_ten_seconds() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let cookies = plain(&jwt, &token);
    world.pass(JWT_LIFE.as_secs() + 60);
    let first = set(&world.get(&background(&cookies)));
    world.pass(9);
    let second = set(&world.get(&background(&cookies)));
    let values = |cookies: &[(String, String, String)]| {
        cookies.iter().map(|cookie| cookie.1.clone()).collect::<Vec<_>>()
    };
    assert_eq!(values(&first), values(&second));
    assert_eq!(world.sent("refresh"), 1);
    world.pass(1);
    world.get(&background(&cookies));
    assert_eq!(world.sent("refresh"), 1);
}

#[test]
fn two_requests_that_start_together_go_on_with_one_answer() {
    let mut world = World::new();
    let (_, token) = world.sign_in();
    let request = background(&format!("crossmint-refresh-token={}", token.reveal()));
    let authmint::guard::Step::Send(first, one) = world.guard.begin(&request, world.now) else { panic!() };
    let authmint::guard::Step::Send(second, two) = world.guard.begin(&request, world.now) else { panic!() };
    assert!(first.shared_key() == second.shared_key() && first.known(&world.guard, world.now).is_none());
    let answer = world.drive(first);
    assert!(second.known(&world.guard, world.now).is_some(), "a call not sent yet needs not be sent");
    for waiting in [one, two] {
        let step = waiting.receive(&world.guard, answer.clone(), world.now);
        assert_eq!(session(&world.run(step)).session_id(), Some(session_of(&token)));
    }
}

/// Answers are kept for ten seconds, and a JWT may live shorter: what is kept then is no fault of configuration.
#[test]
fn a_kept_answer_that_is_over_is_asked_for_anew() {
    let mut world = World::new();
    world.service.jwt_life = Duration::from_secs(2);
    let (jwt, token) = world.sign_in();
    world.pass(6);
    assert!(world.get(&background(&plain(&jwt, &token))).session.is_ok());
    world.pass(8);
    assert_eq!(world.sent("refresh"), 1);
    let outcome = world.get(&background(&plain(&jwt, &token)));
    assert!(outcome.session.is_ok(), "{:?}", outcome.session.err());
    assert_eq!(world.sent("refresh"), 1, "asked once more, and only once");
}
