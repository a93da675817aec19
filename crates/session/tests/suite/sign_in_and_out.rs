//! One-time secrets, renewals on demand, and signing out.

use crate::{
    service::{JWT_LIFE, Mood, PROJECT, USER, one_time_secret, session_of, token},
    world::{World, background, cleared, error, page, plain, scoped, session, set},
};
use authmint::{
    guard::{Answer, Step},
    protocol::{ErrorCode, secret::RefreshToken},
};

#[test]
fn a_one_time_secret_becomes_a_session_under_the_plain_names() {
    let mut world = World::new();
    let step = world.guard.begin_exchange(&background(""), &one_time_secret(), world.now);
    let outcome = world.run(step);
    assert_eq!(session(&outcome).user_id(), USER);
    assert_eq!(
        set(&outcome).iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(),
        ["crossmint-jwt", "crossmint-refresh-token"]
    );
    let again = world.guard.begin_exchange(&background(""), &one_time_secret(), world.now);
    assert_eq!(set(&world.run(again)), set(&outcome), "a reloaded callback page gets the same");
    assert_eq!(world.sent("refresh"), 1);
}

#[test]
fn threat_16_and_17_a_sign_in_replaces_whatever_the_browser_held_before() {
    let mut world = World::new();
    let (jwt, old) = world.sign_in();
    let cookies = format!("{}; {}", scoped(&jwt, &old), plain(&jwt, &old));
    let step = world.guard.begin_exchange(&background(&cookies), &one_time_secret(), world.now);
    let outcome = world.run(step);
    assert_ne!(session(&outcome).session_id(), Some(session_of(&old)));
    assert_eq!(
        cleared(&outcome),
        [format!("crossmint-jwt-{PROJECT}"), format!("crossmint-refresh-token-{PROJECT}")]
    );
    let written: Vec<_> = set(&outcome).into_iter().filter(|(_, value, _)| !value.is_empty()).collect();
    assert!(
        written.len() == 2
            && written.iter().all(|(_, value, _)| !value.contains(old.reveal()) && *value != jwt)
    );
}

#[test]
fn a_secret_of_no_use_is_an_error_that_touches_no_cookie() {
    for code in [ErrorCode::OneTimeSecretUsed, ErrorCode::OneTimeSecretExpired, ErrorCode::RefreshMalformed] {
        let mut world = World::new();
        let id = authmint::protocol::id::SessionId::from_bytes([0x77; 16]);
        world.service.refuse(&token(id, 1), code);
        let step = world.guard.begin_exchange(&page("crossmint-jwt=x"), &one_time_secret(), world.now);
        let outcome = world.run(step);
        assert_eq!((error(&outcome).code(), error(&outcome).status()), (code.as_str(), 401));
        assert!(outcome.cookies.is_empty());
    }
}

#[test]
fn a_renewal_on_demand_takes_the_token_of_the_message_before_that_of_the_cookies() {
    let mut world = World::new();
    let (jwt, cookie) = world.sign_in();
    let (_, message) = world.sign_in();
    let step = world.guard.begin_renewal(&background(&plain(&jwt, &cookie)), None, world.now);
    assert_eq!(
        session(&world.run(step)).session_id(),
        Some(session_of(&cookie)),
        "although the JWT still holds"
    );
    let step =
        world.guard.begin_renewal(&background(&plain(&jwt, &cookie)), Some(message.clone()), world.now);
    assert_eq!(session(&world.run(step)).session_id(), Some(session_of(&message)));
    let secret = RefreshToken::new(one_time_secret().reveal().to_owned());
    let step = world.guard.begin_renewal(&background(""), Some(secret), world.now);
    assert_eq!(set(&world.run(step)).len(), 2, "existing clients send one-time secrets to the same route");
    let step = world.guard.begin_renewal(&background(""), None, world.now);
    assert_eq!(error(&world.run(step)).code(), "not_signed_in");
}

#[test]
fn signing_out_clears_every_pair_sent_and_ends_every_session() {
    let mut world = World::new();
    let (jwt, first) = world.sign_in();
    let (_, second) = world.sign_in();
    let cookies = format!("{}; {}", plain(&jwt, &first), scoped(&jwt, &second));
    let out = world.guard.sign_out(&background(&cookies), world.now);
    assert_eq!((out.cookies.values().count(), out.calls.len()), (4, 2));
    for call in out.calls {
        assert!(matches!(world.drive(call), Answer::SignedOut));
    }
    assert_eq!(world.sent("logout"), 2);
    let token = format!("crossmint-refresh-token={}", first.reveal());
    assert_eq!(error(&world.get(&background(&token))).code(), "session_revoked");
    assert_eq!(world.sent("refresh"), 0, "known here already");
}

#[test]
fn s18_signing_out_without_a_refresh_token_calls_nobody() {
    let mut world = World::new();
    let (jwt, _) = world.sign_in();
    let out = world.guard.sign_out(&background(&format!("crossmint-jwt={jwt}")), world.now);
    assert_eq!((out.cookies.values().count(), out.calls.len()), (2, 0));
    assert!(world.guard.sign_out(&background(""), world.now).cookies.is_empty());
}

#[test]
fn s21_a_jwt_seen_here_is_of_no_use_here_after_sign_out() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let cookies = plain(&jwt, &token);
    assert!(world.get(&background(&cookies)).session.is_ok());
    drop(world.guard.sign_out(&background(&cookies), world.now));
    assert_eq!(error(&world.get(&background(&format!("crossmint-jwt={jwt}")))).code(), "session_revoked");
}

#[test]
fn threat_20_a_refresh_that_was_under_way_does_not_undo_a_sign_out() {
    for service in [Mood::Well, Mood::Answers(200, "{}")] {
        let mut world = World::new();
        let (jwt, token) = world.sign_in();
        let cookies = plain(&jwt, &token);
        world.get(&background(&cookies));
        world.pass(JWT_LIFE.as_secs() + 60);
        let alone = background(&format!("crossmint-refresh-token={}", token.reveal()));
        let Step::Send(call, waiting) = world.guard.begin(&alone, world.now) else {
            panic!("a refresh is due")
        };
        let answer = world.drive(call); // the service has answered …
        world.service.mood = service;
        drop(world.guard.sign_out(&background(&cookies), world.now)); // … when the user signs out
        let step = waiting.receive(&world.guard, answer, world.now);
        let outcome = world.run(step);
        assert_eq!(error(&outcome).code(), "session_revoked");
        assert!(outcome.cookies.is_empty());
        assert_eq!(
            error(&world.get(&background(&cookies))).code(),
            "session_revoked",
            "no kept answer revives it"
        );
    }
}

#[test]
fn stored_material_is_verified_first() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let material = |jwt: &str| authmint::AuthMaterial {
        jwt: authmint::protocol::secret::SessionJwt::new(jwt.to_owned()),
        refresh_token: token.clone(),
        refresh_expires_at: world.now.after(JWT_LIFE),
        user: authmint::protocol::wire::user::User { id: USER.into(), email: None, phone_number: None },
    };
    let (good, forged) = (material(&jwt), material(&format!("{}AAAA", &jwt[..jwt.len() - 4])));
    let step = world.guard.begin_store(&background(""), good, world.now);
    assert_eq!(set(&world.run(step)).len(), 2);
    let step = world.guard.begin_store(&background(""), forged, world.now);
    assert!(error(&world.run(step)).code() == "misconfigured");
}
