//! Sign-in by the service's page: there, and back.

use crate::{
    service::{CODE, ISSUER, Mood, Service, USER},
    world::{World, cleared, error, page, plain, request, session, set},
};
use authmint::{
    AuthOptions, CookieOptions, SameSite,
    guard::{Guard, Outcome, SIGN_IN_DRAW, Then},
    protocol::{id::ProjectId, pkce},
};
use http::Request;
use std::collections::BTreeMap;

const DRAWN: [u8; SIGN_IN_DRAW] = [9; SIGN_IN_DRAW];
const HOST: &str = "https://app.example.com";

fn world() -> World {
    World::with(|options| options.client_key(Service::client_key()))
}

/// Where the outcome sends the person, its parameters read.
fn sent_to(outcome: &Outcome) -> (String, BTreeMap<String, String>) {
    let Some(Then::Redirect(url)) = &outcome.then else { panic!("a redirect: {:?}", outcome.then) };
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    (place.to_owned(), form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

fn shown(outcome: &Outcome) -> &str {
    let Some(Then::Page(html)) = &outcome.then else { panic!("a page: {:?}", outcome.then) };
    html
}

/// A flow that was begun: the state, and the cookie that remembers it.
struct Begun {
    state: String,
    cookie: String,
}

fn begin(world: &mut World, target: &str, drawn: [u8; SIGN_IN_DRAW]) -> Begun {
    let outcome = world.guard.begin_sign_in(&page(""), target, &drawn, world.now);
    let (_, query) = sent_to(&outcome);
    world.service.sign_in_of = Some((query["code_challenge"].clone(), query["redirect_uri"].clone()));
    let [(name, value, _)] = &set(&outcome)[..] else { panic!("one cookie") };
    Begun { state: query["state"].clone(), cookie: format!("{name}={value}") }
}

fn back(world: &mut World, request: &Request<()>, state: &str, more: &str) -> Outcome {
    let target = format!("/auth/callback?code={CODE}&state={state}{more}");
    let step = world.guard.begin_callback(request, &target, world.now);
    world.run(step)
}

fn from_service() -> String {
    format!("&iss={}", ISSUER.replace(':', "%3A").replace('/', "%2F"))
}

#[test]
fn a_person_goes_to_the_page_and_comes_back_signed_in_to_where_they_were() {
    let mut world = world();
    let asked = "/auth/sign-in?return_to=%2Fcart%3Fa%3D1&prompt=login&login_hint=ada%40example.com&code=x";
    let outcome = world.guard.begin_sign_in(&page(""), asked, &DRAWN, world.now);
    let (place, query) = sent_to(&outcome);
    assert_eq!(place, format!("{ISSUER}/sign-in"));
    let names: Vec<_> = query.keys().map(String::as_str).collect();
    let wanted = [
        "client",
        "code_challenge",
        "code_challenge_method",
        "login_hint",
        "prompt",
        "redirect_uri",
        "state",
    ];
    assert_eq!(names, wanted, "what the app did not say is not said, and nothing else is handed on");
    assert_eq!(query["redirect_uri"], format!("{HOST}/auth/callback"));
    assert_eq!(
        (query["client"].as_str(), query["login_hint"].as_str()),
        (&*Service::client_key(), "ada@example.com")
    );
    let [(name, _, attributes)] = &set(&outcome)[..] else { panic!("one cookie") };
    assert_eq!(*name, format!("__Host-authmint-flow-{}", &query["state"][..8]));
    for attribute in ["Max-Age=600", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"] {
        assert!(attributes.contains(attribute), "{attributes}");
    }
    assert!(!attributes.contains("Domain"));

    let begun = begin(&mut world, asked, DRAWN);
    let arrived = back(&mut world, &page(&begun.cookie), &begun.state, &from_service());
    assert_eq!(session(&arrived).user_id(), USER);
    assert_eq!(sent_to(&arrived).0, "/cart");
    let Some(Then::Redirect(url)) = &arrived.then else { panic!("a redirect") };
    assert_eq!(url, "/cart?a=1");
    let names: Vec<_> = set(&arrived).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names[..2], ["crossmint-jwt", "crossmint-refresh-token"]);
    assert_eq!(cleared(&arrived), std::slice::from_ref(name), "the flow is used up");
}

#[test]
fn two_tabs_that_sign_in_side_by_side_both_end_where_they_began() {
    let mut world = world();
    let one = begin(&mut world, "/auth/sign-in?return_to=/one", DRAWN);
    let two = begin(&mut world, "/auth/sign-in?return_to=/two", [8; SIGN_IN_DRAW]);
    let both = page(&format!("{}; {}", one.cookie, two.cookie));
    let arrived = back(&mut world, &both, &two.state, &from_service());
    assert_eq!(sent_to(&arrived).0, "/two");
    assert!(arrived.session.is_ok());
    let again = begin(&mut world, "/auth/sign-in?return_to=/one", DRAWN);
    assert_eq!(again.state, one.state);
    let arrived = back(&mut world, &both, &one.state, &from_service());
    assert_eq!(sent_to(&arrived).0, "/one");

    let many: Vec<_> = (0..9).map(|number| format!("__Host-authmint-flow-{number}=x")).collect();
    let outcome = world.guard.begin_sign_in(&page(&many.join("; ")), "/auth/sign-in", &DRAWN, world.now);
    let oldest: Vec<_> = (0..6).map(|number| format!("__Host-authmint-flow-{number}")).collect();
    assert_eq!(cleared(&outcome), oldest, "tabs that nobody comes back to fill no jar");
    let planted: Vec<_> = (0..200).map(|number| format!("__Host-authmint-flow-{number}=x")).collect();
    let outcome = world.guard.begin_sign_in(&page(&planted.join("; ")), "/auth/sign-in", &DRAWN, world.now);
    assert_eq!(set(&outcome).len(), 9, "nor do those that somebody planted fill an answer's head");
}

#[test]
fn threat_26_and_27_a_way_back_without_the_state_of_this_browser_signs_nobody_in() {
    let mut world = world();
    let begun = begin(&mut world, "/auth/sign-in", DRAWN);
    let other = begin(&mut world, "/auth/sign-in", [8; SIGN_IN_DRAW]);
    let tag = |state: &str| format!("{}{}", &state[..8], "A".repeat(14));
    for (cookies, state) in [
        (String::new(), begun.state.clone()),
        (begun.cookie.clone(), other.state),
        (begun.cookie.clone(), tag(&begun.state)),
        (begun.cookie.clone(), String::new()),
        (begun.cookie.clone(), format!("{}&state={}", begun.state, begun.state)),
        (begun.cookie.replace('.', "%2E"), begun.state.clone()),
        ("__Host-authmint-flow-=..".to_owned(), String::new()),
    ] {
        let outcome = back(&mut world, &page(&cookies), &state, &from_service());
        assert_eq!(
            (error(&outcome).code(), error(&outcome).status()),
            ("sign_in_unfinished", 400),
            "{state}"
        );
        assert!(shown(&outcome).contains("href=\"/auth/sign-in\"") && outcome.cookies.is_empty());
    }
    assert_eq!(world.sent("sessions"), 0, "no code is traded");
}

#[test]
fn threat_28_an_answer_of_another_issuer_is_not_traded() {
    let mut world = world();
    for issuer in ["", "&iss=", "&iss=https%3A%2F%2Fevil.example", "&iss=https%3A%2F%2Fauth.example.com%2F"] {
        let begun = begin(&mut world, "/auth/sign-in", DRAWN);
        let outcome = back(&mut world, &page(&begun.cookie), &begun.state, issuer);
        assert_eq!(error(&outcome).code(), "sign_in_unfinished", "{issuer}");
    }
    assert_eq!(world.sent("sessions"), 0);
}

#[test]
fn threat_32_a_code_that_is_not_of_this_flow_is_refused_and_the_flow_is_over() {
    let mut world = world();
    let begun = begin(&mut world, "/auth/sign-in", DRAWN);
    world.service.sign_in_of =
        Some((pkce::challenge_of(&"x".repeat(43)).unwrap(), format!("{HOST}/auth/callback")));
    let outcome = back(&mut world, &page(&begun.cookie), &begun.state, &from_service());
    assert_eq!(error(&outcome).code(), "one_time_secret_invalid");
    assert!(shown(&outcome).contains("Start again"));
    assert_eq!(cleared(&outcome).len(), 1);
    // The same where the service itself says no.
    let begun = begin(&mut world, "/auth/sign-in", DRAWN);
    let target = format!("/auth/callback?error=%3Cb%3E&state={}{}", begun.state, from_service());
    let step = world.guard.begin_callback(&page(&begun.cookie), &target, world.now);
    let outcome = world.run(step);
    assert_eq!(error(&outcome).code(), "sign_in_unfinished");
    assert!(!shown(&outcome).contains("<b>"));
}

#[test]
fn an_outage_keeps_the_flow_and_the_same_address_tries_again() {
    let mut world = world();
    let begun = begin(&mut world, "/auth/sign-in?return_to=/cart", DRAWN);
    world.service.mood = Mood::Unreachable;
    let outcome = back(&mut world, &page(&begun.cookie), &begun.state, &from_service());
    assert_eq!((error(&outcome).code(), error(&outcome).status()), ("unavailable", 503));
    assert!(outcome.cookies.is_empty() && shown(&outcome).contains("Try again"));
    assert!(
        shown(&outcome).contains(&format!("href=\"/auth/callback?code={CODE}&amp;state={}", begun.state))
    );
    world.service.mood = Mood::Well;
    let outcome = back(&mut world, &page(&begun.cookie), &begun.state, &from_service());
    assert_eq!(sent_to(&outcome).0, "/cart");
}

#[test]
fn threat_35_neither_query_nor_cookie_leads_a_person_out_of_the_app() {
    let mut world = world();
    for way in [
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
    ] {
        let begun = begin(&mut world, &format!("/auth/sign-in?return_to={way}"), DRAWN);
        let outcome = back(&mut world, &page(&begun.cookie), &begun.state, &from_service());
        assert_eq!(sent_to(&outcome).0, "/", "{way}");
        assert_eq!(world.guard.return_to(&format!("/auth/sign-out?return_to={way}")), "/", "{way}");
    }
    // Put there by a neighbour on the same host: //evil.example
    let begun = begin(&mut world, "/auth/sign-in", DRAWN);
    let (kept, _) = begun.cookie.rsplit_once('.').unwrap();
    let planted = format!("{kept}.Ly9ldmlsLmV4YW1wbGU");
    let outcome = back(&mut world, &page(&planted), &begun.state, &from_service());
    assert_eq!(sent_to(&outcome).0, "/");
    // A host in the place of the path reaches no link of ours.
    for target in
        ["//evil.example/callback?state=x", "javascript:alert(1)/callback", "https://evil.example/callback"]
    {
        let step = world.guard.begin_callback(&page(""), target, world.now);
        let outcome = world.run(step);
        let link = shown(&outcome).split("href=\"").nth(1).unwrap();
        assert!(link.starts_with('/') && !link.starts_with("//"), "{target}: {link}");
    }
    assert_eq!(world.guard.return_to("/auth/sign-out?return_to=/bye"), "/bye");
}

#[test]
fn threat_16_and_17_a_sign_in_by_the_page_replaces_whatever_the_browser_held_before() {
    let mut world = world();
    let (jwt, old) = world.sign_in();
    let begun = begin(&mut world, "/auth/sign-in", DRAWN);
    let jar = page(&format!("{}; {}", plain(&jwt, &old), begun.cookie));
    let outcome = back(&mut world, &jar, &begun.state, &from_service());
    assert_ne!(session(&outcome).jwt().reveal(), jwt);
    assert!(set(&outcome).iter().all(|(_, value, _)| value != old.reveal()));
}

#[test]
fn on_a_loopback_name_the_way_back_is_plain_http_and_the_cookie_has_no_prefix() {
    let mut world = world();
    let mut local = request("", &[]);
    local.headers_mut().insert("host", "localhost:3000".parse().unwrap());
    let outcome = world.guard.begin_sign_in(&local, "/sign-in", &DRAWN, world.now);
    assert_eq!(sent_to(&outcome).1["redirect_uri"], "http://localhost:3000/callback");
    let [(name, value, attributes)] = &set(&outcome)[..] else { panic!("one cookie") };
    assert!(name.starts_with("authmint-flow-") && !attributes.contains("Secure"), "{name} {attributes}");
    let (_, query) = sent_to(&outcome);
    world.service.sign_in_of = Some((query["code_challenge"].clone(), query["redirect_uri"].clone()));
    local.headers_mut().insert("cookie", format!("{name}={value}").parse().unwrap());
    let target = format!("/callback?code={CODE}&state={}{}", query["state"], from_service());
    let step = world.guard.begin_callback(&local, &target, world.now);
    assert_eq!(sent_to(&world.run(step)).0, "/");
}

#[test]
fn people_are_sent_to_the_name_of_the_service_that_they_know() {
    for (issuer, base) in [
        ("https://login.example.com", "https://login.example.com"),
        ("https://example.com/auth", "https://example.com/auth"),
        // The ID of a project whose JWTs another provider takes, too: no address.
        ("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", ISSUER),
    ] {
        let world = World::with(|options| options.client_key(Service::client_key()).issuer(issuer));
        let outcome = world.guard.begin_sign_in(&page(""), "/auth/sign-in", &DRAWN, world.now);
        assert_eq!(sent_to(&outcome).0, format!("{base}/sign-in"));
    }
}

#[test]
fn strict_cookies_are_met_by_a_page_that_leads_on() {
    let strict = CookieOptions { same_site: Some(SameSite::Strict), ..CookieOptions::default() };
    let mut world = World::with(|options| options.client_key(Service::client_key()).cookies(strict));
    let begun = begin(&mut world, "/auth/sign-in?return_to=/a%3Fb%26c", DRAWN);
    let outcome = back(&mut world, &page(&begun.cookie), &begun.state, &from_service());
    assert!(outcome.session.is_ok());
    let refresh = "<meta http-equiv=\"refresh\" content=\"0; url=/a?b&amp;c\">";
    assert!(shown(&outcome).contains(refresh), "{}", shown(&outcome));
}

#[test]
fn options_that_cannot_work_are_told_when_the_guard_is_made() {
    let made = |change: fn(AuthOptions) -> AuthOptions| {
        let options = AuthOptions::new(Service::server_key()).base_url(ISSUER);
        Guard::new(&change(options), [3; 32]).err().map(|error| error.code())
    };
    assert_eq!(made(|options| options), None, "apps without these routes need none of it");
    assert_eq!(made(|options| options.client_key(Service::server_key())), Some("client_key_required"));
    let foreign =
        |options: AuthOptions| options.client_key(Service::client_key_of(ProjectId::from_bytes([0x55; 16])));
    assert_eq!(made(foreign), Some("client_key_foreign"));
    for uri in ["", "http://app.example.com/auth/callback", "https://app.example.com/auth/../callback"] {
        let options =
            AuthOptions::new(Service::server_key()).base_url(ISSUER).client_key(Service::client_key());
        let made = Guard::new(&options.redirect_uri(uri), [3; 32]);
        assert_eq!(made.err().map(|error| error.code()), Some("redirect_uri_invalid"), "{uri}");
    }
    let options = AuthOptions::new(Service::server_key()).base_url(ISSUER).client_key(Service::client_key());
    let guard = Guard::new(&options.redirect_uri("https://www.example.com/in"), [3; 32]).unwrap();
    let world = World { guard, ..World::new() };
    let outcome = world.guard.begin_sign_in(&page(""), "/auth/sign-in", &DRAWN, world.now);
    assert_eq!(sent_to(&outcome).1["redirect_uri"], "https://www.example.com/in");

    let world = World::new();
    let outcome = world.guard.begin_sign_in(&page(""), "/auth/sign-in", &DRAWN, world.now);
    assert_eq!((error(&outcome).code(), error(&outcome).status()), ("client_key_missing", 500));
}
