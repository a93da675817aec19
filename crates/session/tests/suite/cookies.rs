//! The two pairs, and what an answer does to them.

use crate::{
    service::{PROJECT, session_of, token},
    world::{World, applied, background, cleared, error, page, plain, request, scoped, session, set},
};
use authmint::{CookieOptions, SameSite, protocol::ErrorCode};
use http::{HeaderMap, HeaderValue, header};

fn both(world: &mut World) -> (String, [authmint::protocol::secret::RefreshToken; 2]) {
    let (scoped_jwt, scoped_token) = world.sign_in();
    let (plain_jwt, plain_token) = world.sign_in();
    let cookies = format!("{}; {}", plain(&plain_jwt, &plain_token), scoped(&scoped_jwt, &scoped_token));
    (cookies, [scoped_token, plain_token])
}

#[test]
fn s3_the_scoped_pair_is_read_first_and_answered_under_its_names() {
    let mut world = World::new();
    let (cookies, [scoped_token, _]) = both(&mut world);
    assert_eq!(session(&world.get(&background(&cookies))).session_id(), Some(session_of(&scoped_token)));
    world.pass(1_000);
    let names: Vec<_> = set(&world.get(&background(&cookies))).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, [format!("crossmint-jwt-{PROJECT}"), format!("crossmint-refresh-token-{PROJECT}")]);
}

#[test]
fn the_scoped_pair_stays_readable_and_host_only() {
    let options = CookieOptions { domain: Some("example.com".into()), ..CookieOptions::default() };
    let mut world = World::with(|auth| auth.cookies(options));
    let (_, token) = world.sign_in();
    let cookies = format!("crossmint-refresh-token-{PROJECT}={}", token.reveal());
    for (_, _, attributes) in set(&world.get(&background(&cookies))) {
        assert!(!attributes.contains("HttpOnly") && !attributes.contains("Domain"), "{attributes}");
    }
    let cookies = format!("crossmint-refresh-token={}", token.reveal());
    for (_, _, attributes) in set(&world.get(&background(&cookies))) {
        assert!(attributes.contains("Domain=example.com"), "{attributes}");
    }
}

#[test]
fn a_rewritten_cookie_of_a_domain_is_not_shadowed_by_its_host_only_twin() {
    let options = CookieOptions { domain: Some("example.com".into()), ..CookieOptions::default() };
    let mut world = World::with(|auth| auth.cookies(options));
    let (_, token) = world.sign_in();
    let once = format!("crossmint-refresh-token={}", token.reveal());
    assert!(cleared(&world.get(&background(&once))).is_empty());
    let outcome = world.get(&background(&format!("{once}; crossmint-refresh-token=stale")));
    let gone: Vec<_> = set(&outcome).into_iter().filter(|(_, value, _)| value.is_empty()).collect();
    assert_eq!(gone.len(), 2);
    assert!(gone.iter().all(|(_, _, attributes)| !attributes.contains("Domain")));
}

#[test]
fn the_plain_pair_goes_only_where_the_scoped_one_was_accepted_by_a_navigation() {
    let mut world = World::new();
    let (cookies, _) = both(&mut world);
    assert!(cleared(&world.get(&background(&cookies))).is_empty());
    assert_eq!(cleared(&world.get(&page(&cookies))), ["crossmint-jwt", "crossmint-refresh-token"]);
}

#[test]
fn a_scoped_pair_refused_for_good_is_cleared_and_the_plain_one_tried() {
    let mut world = World::new();
    let (cookies, [scoped_token, plain_token]) = both(&mut world);
    world.service.refuse(&scoped_token, ErrorCode::SessionRevoked);
    world.pass(1_000);
    let outcome = world.get(&page(&cookies));
    assert_eq!(session(&outcome).session_id(), Some(session_of(&plain_token)));
    assert_eq!(
        cleared(&outcome),
        [format!("crossmint-jwt-{PROJECT}"), format!("crossmint-refresh-token-{PROJECT}")]
    );
    let kept: Vec<_> =
        set(&outcome).into_iter().filter(|(_, value, _)| !value.is_empty()).map(|(name, ..)| name).collect();
    assert_eq!(kept, ["crossmint-jwt", "crossmint-refresh-token"]);
}

#[test]
fn a_pair_of_another_project_is_absent_left_alone_and_asked_about_once() {
    let mut world = World::new();
    let (_, token) = world.sign_in();
    world.service.refuse(&token, ErrorCode::ProjectMismatch);
    let cookies = format!("crossmint-refresh-token={}", token.reveal());
    for _ in 0..3 {
        let outcome = world.get(&page(&cookies));
        assert_eq!(error(&outcome).code(), "not_signed_in");
        assert!(outcome.cookies.is_empty());
    }
    assert_eq!(world.sent("refresh"), 1);
}

#[test]
fn a_loopback_host_gets_cookies_without_secure() {
    let mut world = World::new();
    let (_, token) = world.sign_in();
    let cookies = format!("crossmint-refresh-token={}", token.reveal());
    let attributes =
        |world: &mut World, host| set(&world.get(&request(&cookies, &[("host", host)])))[0].2.clone();
    assert!(!attributes(&mut world, "localhost:3000").contains("Secure"));
    assert!(attributes(&mut world, "app.example.com").contains("Secure"));
    assert!(attributes(&mut world, "localhost.example.com").contains("Secure"));
}

#[test]
fn s16_options_that_browsers_would_drop_are_refused_when_the_guard_is_made() {
    let options =
        CookieOptions { same_site: Some(SameSite::None), secure: Some(false), ..CookieOptions::default() };
    let auth = authmint::AuthOptions::new(crate::service::Service::server_key())
        .base_url("https://auth.example.com");
    let error = authmint::Guard::new(&auth.cookies(options), [0; 32]).err().expect("refused");
    assert_eq!(error.code(), "cookie_options_invalid");
}

#[test]
fn s5_the_apps_own_cookies_and_vary_stay() {
    let mut world = World::new();
    let (_, token) = world.sign_in();
    let outcome = world.get(&background(&format!("crossmint-refresh-token={}", token.reveal())));
    let mut headers = HeaderMap::new();
    headers.append(header::SET_COOKIE, HeaderValue::from_static("theme=dark"));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.append(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    let headers = applied(&outcome, headers);
    let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
    assert!(cookies.len() == 3 && cookies[0] == "theme=dark", "{cookies:?}");
    let vary: Vec<_> = headers.get_all(header::VARY).iter().collect();
    assert_eq!(vary, ["Accept-Encoding", "Cookie"]);
}

#[test]
fn threat_19_no_shared_cache_keeps_an_answer_with_auth_cookies() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let fresh = world.get(&background(&format!("crossmint-refresh-token={}", token.reveal())));
    world.service.refuse(&token, ErrorCode::SessionExpired);
    world.pass(1_000);
    let refused = world.get(&page(&plain(&jwt, &token)));
    for outcome in [fresh, refused] {
        assert!(!outcome.cookies.is_empty());
        let mut public = HeaderMap::new();
        public.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=600"));
        let headers = applied(&outcome, public);
        assert_eq!(headers[header::CACHE_CONTROL], "private, no-store");
        assert_eq!(headers[header::VARY], "Cookie");
    }
}

#[test]
fn an_answer_without_auth_cookies_is_the_apps_own() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let outcome = world.get(&background(&plain(&jwt, &token)));
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    assert_eq!(applied(&outcome, headers.clone()), headers);
}

#[test]
fn a_jwt_too_large_for_a_cookie_is_a_clear_error() {
    let mut world = World::new();
    world.service.audience = PROJECT.to_string();
    let (_, first) = world.sign_in();
    world.service.issuer = format!("https://auth.example.com/{}", "x".repeat(4_000));
    let mut large = World::with(|options| options.issuer(world.service.issuer.clone()));
    large.service = world.service;
    let outcome =
        large.get(&background(&format!("crossmint-refresh-token={}", token(session_of(&first), 1).reveal())));
    assert_eq!(error(&outcome).code(), "cookie_not_writable");
}
