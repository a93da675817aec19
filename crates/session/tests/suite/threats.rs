//! What has broken systems like this one, each item by the number under which SECURITY.md speaks of it.

use crate::{
    service::{PROJECT, USER, session_of},
    world::{World, background, error, page, plain, session},
};
use authmint::{
    AuthOptions, Guard, Revocation,
    protocol::{id::SessionId, refresh_token::RefreshClaims},
};
use serde_json::{Value, json};

fn refused(world: &mut World, jwt: &str) -> String {
    error(&world.get(&background(&format!("crossmint-jwt={jwt}")))).code().to_owned()
}

#[test]
fn s4_a_jwt_must_name_issuer_project_user_and_end() {
    let mut world = World::new();
    let session = SessionId::from_bytes([9; 16]);
    let good = world.service.claims(session, world.now);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let cases = [
        (with("aud", json!("dfb06708-a46f-4615-bd34-f614ae284e7b")), "audience_mismatch"),
        (without("aud"), "claim_missing"),
        (with("iss", json!("https://evil.example.com")), "issuer_mismatch"),
        (without("iss"), "claim_missing"),
        (without("exp"), "claim_missing"),
        (without("sub"), "claim_missing"),
        (with("sub", json!("")), "claim_invalid"),
        (with("nonce", json!("n")), "type_not_allowed"), // threat 10: an ID token
    ];
    for (claims, code) in cases {
        let jwt = world.service.sign(&claims);
        assert_eq!(refused(&mut world, &jwt), code, "{claims}");
    }
    let jwt = world.service.sign(&good);
    assert!(world.get(&background(&format!("crossmint-jwt={jwt}"))).session.is_ok(), "the control passes");
}

#[test]
fn threat_8_the_same_kid_of_another_issuer_verifies_nothing() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    assert!(world.get(&background(&plain(&jwt, &token))).session.is_ok());
    let stranger = World::new();
    assert_eq!(stranger.service.kid, world.service.kid);
    let forged = stranger.service.jwt(session_of(&token), world.now);
    assert_eq!(refused(&mut world, &forged), "signature_invalid");
}

#[test]
fn threat_9_what_was_verified_for_one_project_is_nothing_to_another() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    assert!(world.get(&background(&plain(&jwt, &token))).session.is_ok());
    let mut other = World::with(|options| options.issuer("https://other.example.com"));
    other.service = world.service;
    assert_eq!(refused(&mut other, &jwt), "issuer_mismatch");
}

#[test]
fn threat_10_and_12_no_claim_of_a_foreign_token_becomes_a_cookie() {
    let mut world = World::new();
    let session = SessionId::from_bytes([9; 16]);
    let mut claims = world.service.claims(session, world.now);
    claims["events"] = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let jwt = world.service.sign(&claims);
    let outcome = world.get(&page(&format!("crossmint-jwt={jwt}")));
    assert_eq!(error(&outcome).code(), "type_not_allowed");
    assert!(outcome.cookies.is_empty());
}

#[test]
fn threat_18_no_text_for_people_or_logs_holds_a_token() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let held = world.get(&background(&plain(&jwt, &token)));
    world.pass(2_000);
    let renewed = world.get(&background(&plain(&jwt, &token)));
    let (other, _) = world.sign_in();
    world.pass(2_000);
    let refused = world.get(&background(&format!("crossmint-jwt={other}")));
    let key = crate::service::Service::server_key();
    let text = format!("{held:?} {renewed:?} {refused:?} {}", error(&refused));
    let new = session(&renewed).refresh_token().unwrap().reveal().to_owned();
    for secret in [&jwt, token.reveal(), &new, session(&renewed).jwt().reveal(), &other, &key] {
        for part in secret.split('.').filter(|part| part.len() > 20) {
            assert!(!text.contains(&part[..20]), "a part of a secret in: {text}");
        }
    }
}

#[test]
fn threat_20_a_forged_token_with_someones_session_id_signs_nobody_out() {
    let mut world = World::new();
    let (jwt, token) = world.sign_in();
    let victim = plain(&jwt, &token);
    assert!(world.get(&background(&victim)).session.is_ok());
    let claims = RefreshClaims {
        key_id: 1,
        project_id: PROJECT,
        session_id: session_of(&token),
        generation: 9,
        branch: 1,
    };
    let forged = claims.write(|_| [0xff; 32]);
    let attack = format!("crossmint-refresh-token={}", forged.reveal());
    assert_eq!(error(&world.get(&background(&attack))).code(), "refresh_malformed");
    drop(world.guard.sign_out(&background(&attack), world.now));
    assert!(world.get(&background(&victim)).session.is_ok());
}

#[test]
fn threat_43_and_s10_a_user_id_cannot_leave_its_place_in_the_path() {
    let world = World::new();
    for id in [
        "x/../y?z",
        "../keys",
        "",
        "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a/..",
        "6F1C2A3458B14C0E9D4A1F2E3D4C5B6A",
    ] {
        assert_eq!(world.guard.call_user(id, world.now).err().expect(id).code(), "user_id_invalid");
    }
    let request = world.guard.call_user(USER, world.now).unwrap().request(&world.guard);
    assert_eq!(
        request.uri().to_string(),
        format!("https://auth.example.com/api/2024-09-26/sdk/auth/user/{USER}")
    );
}

#[test]
fn threat_44_a_fault_of_configuration_lets_nobody_in() {
    let key = crate::service::Service::server_key();
    let made = |options: AuthOptions| Guard::new(&options, [0; 32]).err().map(|error| error.code());
    assert_eq!(
        made(AuthOptions::new("sk_live_123").base_url("https://a.example.com")),
        Some("api_key_old_format")
    );
    assert_eq!(made(AuthOptions::new("").base_url("https://a.example.com")), Some("api_key_usage_invalid"));
    let vector = authmint::protocol::api_key::TEST_VECTOR_KEY;
    assert_eq!(made(AuthOptions::new(vector).base_url("https://a.example.com")), Some("server_key_required"));
    let accepting = || AuthOptions::new(vector).base_url("https://a.example.com").accept_client_key();
    assert_eq!(made(accepting()), None, "an app that comes from an SDK which took such keys");
    assert_eq!(made(accepting().revocation(Revocation::Required)), Some("feed_missing"));
    assert_eq!(made(AuthOptions::new(&key)), Some("base_url_missing"));
    for url in [
        "",
        "auth.example.com",
        "ftp://a.example.com",
        "https://u:p@a.example.com",
        "https://a.example.com/?q",
        "https://a.example.com/#f",
    ] {
        assert_eq!(made(AuthOptions::new(&key).base_url(url)), Some("base_url_invalid"), "{url}");
    }
    let zero = AuthOptions::new(&key)
        .base_url("https://a.example.com")
        .limits(std::time::Duration::ZERO, std::time::Duration::MAX);
    assert_eq!(made(zero), Some("limits_invalid"));
    let guard = Guard::new(&AuthOptions::new(&key).base_url("https://a.example.com/auth/"), [0; 32]).unwrap();
    assert_eq!(guard.jwks_uri(), "https://a.example.com/auth/.well-known/jwks.json");
}

#[test]
fn s15_cookies_of_any_bytes_are_a_request_without_a_session() {
    let mut world = World::new();
    for cookies in [
        &b"crossmint-jwt=\xff\xfe; crossmint-refresh-token=\xff"[..],
        b"crossmint-jwt=;;;===; crossmint-refresh-token=",
        b"crossmint-jwt=a.b.c",
        b"crossmint-jwt=\"",
    ] {
        let mut request = background("");
        request.headers_mut().insert("cookie", http::HeaderValue::from_bytes(cookies).unwrap());
        assert_eq!(error(&world.get(&request)).status(), 401);
    }
}
