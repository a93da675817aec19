//! The redirect flow: what is registered is sound, a code is good for its own binding alone, and whatever an app's routes are
//! asked, nobody is sent out of the app but to the service's page.

#![no_main]

use arbitrary::Arbitrary;
use authmint::{
    AuthOptions,
    guard::{Guard, SIGN_IN_DRAW, Step, Then},
};
use authmint_domain::model::{
    authorization_code::{check, mint},
    key_ring::KeyRing,
};
use authmint_protocol::{
    api_key::{self, Environment, Usage},
    authorization_code::Binding,
    id::{OneTimeSecretId, ProjectId},
    pkce, redirect,
    secret::{AuthorizationCode, CodeVerifier},
    time::Timestamp,
};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use url::Url;

#[derive(Arbitrary, Debug)]
struct Input {
    uri: String,
    other_uri: String,
    challenge: String,
    verifier: String,
    code: String,
    target: String,
    host: Vec<u8>,
    cookie: Vec<u8>,
    drawn: [u8; SIGN_IN_DRAW],
}

const PROJECT: ProjectId = ProjectId::from_bytes([7; 16]);
const SERVICE: &str = "https://auth.example.com";

static RING: LazyLock<KeyRing> = LazyLock::new(|| KeyRing::single(1, &[7; 32]));

static GUARD: LazyLock<Guard> = LazyLock::new(|| {
    let key = |usage| api_key::write(usage, Environment::Development, PROJECT, [1; 16], |_| [0; 64]);
    let options = AuthOptions::new(key(Usage::Server).reveal())
        .client_key(key(Usage::Client).reveal())
        .base_url(SERVICE);
    Guard::new(&options, [3; 32]).expect("the options hold together")
});

fuzz_target!(|input: Input| {
    registered(&input);
    traded(&input);
    routed(&input);
});

fn registered(Input { uri, other_uri, .. }: &Input) {
    let list = [uri.clone()];
    assert!(redirect::check(&list, other_uri).is_err() || uri == other_uri);
    if redirect::check_sound(uri).is_ok() {
        assert_eq!(redirect::check(&list, uri), Ok(()));
        // A host of digits or in Punycode may yet be none.
        let Ok(url) = Url::parse(uri) else { return };
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
        assert!(url.scheme() == "https" || url.scheme().contains('.') || is_loopback(&url), "{uri}");
        let told = redirect::with_parameters(uri, &[("code", other_uri), ("state", "s")]);
        let told = Url::parse(&told).expect("still a URL");
        assert_eq!((told.scheme(), told.host(), told.path()), (url.scheme(), url.host(), url.path()));
        let code = told.query_pairs().filter(|(name, _)| name == "code").last();
        assert!(code.is_some_and(|(_, value)| value == other_uri.as_str()));
    }
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn traded(Input { uri, other_uri, challenge, verifier, code, .. }: &Input) {
    let _ = (pkce::verify(challenge, pkce::METHOD, verifier), pkce::check_challenge(challenge));
    let written = AuthorizationCode::new(code.clone());
    let given = CodeVerifier::new(verifier.clone());
    assert!(check(&RING, &written, &given, uri).is_err(), "nobody writes a code but the service");
    let Ok(made) = pkce::challenge_of(verifier) else { return };
    let ids = (PROJECT, OneTimeSecretId::from_bytes([2; 16]));
    let minted = mint(&RING, ids, Binding::of(uri, &made));
    assert!(check(&RING, &minted, &given, uri).is_ok());
    assert!(uri == other_uri || check(&RING, &minted, &given, other_uri).is_err());
}

/// Where a person is sent lies within the app, or is the service's page; no page of ours holds what was asked as markup.
fn routed(Input { target, host, cookie, drawn, .. }: &Input) {
    let mut head = HeaderMap::new();
    for (name, value) in [("host", host), ("cookie", cookie)] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            head.insert(name, value);
        }
    }
    let now = Timestamp::from_unix_seconds(1_800_000_000);
    let app = Url::parse("https://app.example.com/auth/callback").expect("a URL");
    assert_eq!(app.join(&GUARD.return_to(target)).map(|url| url.origin()), Ok(app.origin()));
    match GUARD.begin_sign_in(&head, target, drawn, now).then {
        Some(Then::Redirect(url)) => assert!(url.starts_with(&format!("{SERVICE}/sign-in?client=")), "{url}"),
        Some(Then::Page(html)) => assert_plain(&html),
        None => {}
    }
    match GUARD.begin_callback(&head, target, now) {
        Step::Done(outcome) => match outcome.then {
            Some(Then::Page(html)) => assert_plain(&html),
            other => panic!("nobody is signed in without a code: {other:?}"),
        },
        Step::Send(..) => {}
        Step::Check(_) => panic!("nothing is checked before a code was traded"),
    }
}

fn assert_plain(html: &str) {
    for tag in ["<script", "<img", "<iframe", "<svg"] {
        assert!(!html.contains(tag), "{html}");
    }
    let link = html.split("<a href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    assert!(link.starts_with('/') && !link.starts_with("//"), "{link}");
}
