//! What a session JWT must say, claim by claim.

use super::*;
use std::time::Duration;

#[test]
fn a_good_token_says_who_and_until_when() {
    let signer = signer();
    let session = signer.verify(&signer.sign(&claims())).unwrap();
    assert_eq!(session.subject, "u1");
    assert_eq!(session.issuer.as_deref(), Some(ISSUER));
    assert_eq!(session.expires_at, Timestamp::from_unix_seconds(NOW + 900));
    assert_eq!(session.issued_at, Some(Timestamp::from_unix_seconds(NOW - 10)));
    assert_eq!(session.session_id.map(|id| id.to_string()).as_deref(), claims()["sid"].as_str());
    assert_eq!(Value::Object(session.claims), claims());
}

#[test]
fn threat_18_no_part_of_a_token_shows_in_a_debug_log() {
    let signer = signer();
    let token = signer.sign(&claims_with("email", json!("ada@example.com")));
    let jwt = UnverifiedJwt::parse(&token).unwrap();
    let pending = verify::find_key(&jwt, &signer.keys, &Algorithm::ALL).unwrap();
    let (signature, session) = (pending.check().signature.clone(), signer.verify(&token).unwrap());
    let log = format!("{jwt:?} {pending:?} {:?} {session:?}", pending.check());
    for part in token.split('.') {
        assert!(!log.contains(part), "{log}");
    }
    assert!(!log.contains(&format!("{signature:?}")) && !log.contains("ada@"), "{log}");
    assert!(log.contains("u1"), "the control: something is logged");
}

#[test]
fn an_eddsa_token_passes_like_any_other() {
    let signer = signer();
    let token = signer.sign_ed25519(r#"{"alg":"EdDSA","kid":"b"}"#, &claims());
    assert!(signer.verify(&token).is_ok());
    let confused = signer.sign_ed25519(r#"{"alg":"ES256","kid":"b"}"#, &claims());
    assert_eq!(signer.verify(&confused).unwrap_err().code(), "key_unknown");
}

#[test]
fn threat_11_what_is_expected_is_demanded_even_of_a_jwt_that_lacks_the_claim() {
    let signer = signer();
    for name in ["iss", "aud", "sub", "exp"] {
        assert_eq!(signer.answer(&claims_without(name)), "claim_missing", "{name}");
    }
    for name in ["iat", "sid"] {
        assert_eq!(signer.answer(&claims_without(name)), "ok", "{name}");
    }
    assert_eq!(signer.answer(&claims_with("sub", json!(""))), "claim_invalid");
    let expected = Expected { required: vec!["auth_time".into()], ..expected() };
    let check = |claims: &Value| {
        let now = Timestamp::from_unix_seconds(NOW);
        native::verify(&signer.sign(claims), &signer.keys, &expected, now).map(drop)
    };
    assert_eq!(check(&claims_with("auth_time", json!(NOW))), Ok(()));
    assert_eq!(check(&claims()), Err(JwtError::ClaimMissing("auth_time".into())));
}

#[test]
fn issuer_and_audience_must_be_ours() {
    let signer = signer();
    for other in ["https://auth.example.com/", "https://AUTH.example.com", ""] {
        assert_eq!(signer.answer(&claims_with("iss", json!(other))), "issuer_mismatch", "{other}");
    }
    for (aud, answer) in [
        (json!([AUDIENCE]), "ok"),
        (json!(["other", AUDIENCE]), "ok"),
        (json!([]), "audience_mismatch"),
        (json!("other"), "audience_mismatch"),
        (json!(["other"]), "audience_mismatch"),
        (json!([AUDIENCE, 1]), "claim_invalid"),
        (json!({ AUDIENCE: true }), "claim_invalid"),
        (json!(null), "claim_invalid"),
    ] {
        assert_eq!(signer.answer(&claims_with("aud", aud.clone())), answer, "{aud}");
    }
}

#[test]
fn a_hosted_service_may_leave_out_the_audience_but_not_name_another() {
    let signer = signer();
    let expected = Expected { issuer: None, accept_absent_audience: true, ..expected() };
    let check = |claims: &Value| {
        let now = Timestamp::from_unix_seconds(NOW);
        native::verify(&signer.sign(claims), &signer.keys, &expected, now).err().map(|error| error.code())
    };
    assert_eq!(check(&claims_without("aud")), None);
    assert_eq!(check(&claims_with("iss", json!("https://anyone.example"))), None);
    assert_eq!(check(&claims_with("aud", json!("other"))), Some("audience_mismatch"));
}

#[test]
fn times_hold_within_the_leeway_and_not_a_second_longer() {
    let signer = signer();
    let leeway = i64::try_from(Expected::DEFAULT_LEEWAY.as_secs()).unwrap();
    for (name, seconds, answer) in [
        ("exp", NOW - leeway + 1, "ok"),
        ("exp", NOW - leeway, "jwt_expired"),
        ("nbf", NOW + leeway, "ok"),
        ("nbf", NOW + leeway + 1, "jwt_not_yet_valid"),
        ("iat", NOW + leeway, "ok"),
        ("iat", NOW + leeway + 1, "jwt_not_yet_valid"),
        ("exp", 0, "jwt_expired"),
    ] {
        assert_eq!(signer.answer(&claims_with(name, json!(seconds))), answer, "{name} {seconds}");
    }
    let forever = Expected { leeway: Duration::MAX, ..expected() };
    let token = signer.sign(&claims_with("exp", json!(1)));
    assert!(
        native::verify(&token, &signer.keys, &forever, Timestamp::from_unix_seconds(NOW)).is_ok(),
        "no wrap"
    );
}

#[test]
fn typ_is_absent_jwt_or_at_jwt_and_nothing_else() {
    let signer = signer();
    let answer = |typ: &str| {
        let header = format!(r#"{{"alg":"ES256","kid":"a"{typ}}}"#);
        let token = signer.sign_bytes(&header, claims().to_string().as_bytes());
        signer.verify(&token).err().map_or("ok", |error| error.code())
    };
    for typ in
        ["", r#","typ":"JWT""#, r#","typ":"jwt""#, r#","typ":"at+jwt""#, r#","typ":"application/at+JWT""#]
    {
        assert_eq!(answer(typ), "ok", "{typ}");
    }
    for typ in
        ["logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "", "JWT ", "application/application/jwt", "é"]
    {
        assert_eq!(answer(&format!(r#","typ":"{typ}""#)), "type_not_allowed", "{typ}");
    }
    assert_eq!(answer(r#","typ":null"#), "jwt_malformed");
}

#[test]
fn a_header_that_asks_for_more_than_a_signature_is_refused() {
    let signer = signer();
    for member in [
        r#""crit":["exp"],"exp":1"#,
        r#""crit":[]"#,
        r#""b64":true"#,
        r#""b64":false,"crit":["b64"]"#,
        r#""kid":"a""#,
        r#""alg":"ES256""#,
        r#""x":{"y":1,"y":2}"#,
    ] {
        let header = format!(r#"{{"alg":"ES256","kid":"a",{member}}}"#);
        let token = signer.sign_bytes(&header, claims().to_string().as_bytes());
        assert_eq!(signer.verify(&token).unwrap_err().code(), "jwt_malformed", "{member}");
    }
}

#[test]
fn one_token_has_one_text() {
    let signer = signer();
    let token = signer.sign(&claims());
    let (input, signature) = token.rsplit_once('.').unwrap();
    // 64 bytes end in a character with four bits to spare: another character with the same two bits must not pass.
    let last = signature.chars().last().unwrap();
    let twin = char::from(
        BASE64URL_ALPHABET[BASE64URL_ALPHABET.iter().position(|c| char::from(*c) == last).unwrap() | 1],
    );
    let stem = &signature[..signature.len() - 1];
    for bad in [
        format!("{input}.{signature}="),
        format!("{input}.{signature}=="),
        format!("{input}.{stem}{twin}"),
        format!("{input}.{signature}."),
        format!("{token} "),
        format!(" {token}"),
        format!("{input}.{stem}\n{last}"),
        input.to_owned(),
        String::new(),
        "..".into(),
    ] {
        assert_eq!(signer.verify(&bad).unwrap_err().code(), "jwt_malformed", "{bad}");
    }
    for wrong_length in [format!("{input}."), format!("{input}.{signature}AA")] {
        // Before any host is asked: not every one of them looks at the length.
        let refused = verify::begin(&wrong_length, &signer.keys, &Algorithm::ALL).err();
        assert_eq!(refused, Some(JwtError::SignatureInvalid), "{wrong_length}");
    }
    let long = signer.sign(&claims_with("x", json!("x".repeat(16 * 1024))));
    assert_eq!(signer.verify(&long).unwrap_err().code(), "jwt_malformed");
}

const BASE64URL_ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
