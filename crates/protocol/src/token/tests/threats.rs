//! Past attacks on systems like this one, each as a test; the numbers are those of SECURITY.md.

use super::*;
use aws_lc_rs::hmac;

/// An HMAC token under any secret, as a forger makes it.
fn hs256(header: &str, secret: &[u8]) -> String {
    let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims().to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
    format!("{input}.{}", BASE64URL.encode(tag))
}

#[test]
fn threat_01_a_time_of_the_wrong_type_is_refused_and_never_counts_as_absent() {
    let signer = signer();
    let wrong = [
        json!("1795445100"),
        json!(1_795_445_100.5),
        json!(1.795_445_1e9),
        json!(null),
        json!([1_795_445_100]),
        json!({}),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!(253_402_300_800_u64),
    ];
    for name in ["exp", "nbf", "iat"] {
        for value in &wrong {
            assert_eq!(signer.answer(&claims_with(name, value.clone())), "claim_invalid", "{name}: {value}");
        }
    }
    for name in ["sub", "iss", "sid"] {
        for value in [json!(1), json!(null), json!(["u1"]), json!({})] {
            assert_eq!(signer.answer(&claims_with(name, value.clone())), "claim_invalid", "{name}: {value}");
        }
    }
}

#[test]
fn threat_02_the_algorithm_comes_from_the_key_and_the_allow_list_never_from_the_header() {
    let signer = signer();
    for alg in ["none", "None", "NONE", "HS256", "HS384", "HS512", "ES384", "PS256", "ES256K", "es256", ""] {
        let header = format!(r#"{{"alg":"{alg}","kid":"a"}}"#);
        let token = signer.sign_bytes(&header, claims().to_string().as_bytes());
        assert_eq!(signer.verify(&token).unwrap_err().code(), "alg_not_allowed", "{alg}");
    }
    for alg in ["RS256", "EdDSA"] {
        let header = format!(r#"{{"alg":"{alg}","kid":"a"}}"#);
        let token = signer.sign_bytes(&header, claims().to_string().as_bytes());
        assert_eq!(signer.verify(&token).unwrap_err().code(), "key_unknown", "{alg} on a P-256 key");
    }
    let only_rsa = Expected { algorithms: vec![Algorithm::Rs256], ..expected() };
    let now = Timestamp::from_unix_seconds(NOW);
    let refused = native::verify(&signer.sign(&claims()), &signer.keys, &only_rsa, now);
    assert_eq!(refused, Err(JwtError::AlgorithmNotAllowed));
}

#[test]
fn threat_03_an_rsa_key_without_alg_never_verifies_an_hmac() {
    let mut jwk =
        list(&list(&vectors("wycheproof/json_web_key_test.json")["testGroups"])[3]["public"]["keys"])[0]
            .clone();
    jwk.as_object_mut().unwrap().remove("alg");
    let keys = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
    assert_eq!(keys.keys().len(), 1, "the key without alg is usable, for RS256");
    for secret in [&b""[..], &[0; 32]] {
        let refused = verify_jws(&hs256(r#"{"alg":"HS256","kid":"kid-rsa-sign"}"#, secret), &keys);
        assert_eq!(refused, Err(JwtError::AlgorithmNotAllowed));
        let refused = verify_jws(&hs256(r#"{"alg":"RS256","kid":"kid-rsa-sign"}"#, secret), &keys);
        assert_eq!(refused, Err(JwtError::SignatureInvalid));
    }
}

#[test]
fn threat_04_a_public_key_is_no_hmac_secret_in_whatever_clothes() {
    let rsa = vectors("wycheproof/rsa_signature_2048_sha256_test.json");
    let group = &list(&rsa["testGroups"])[0];
    let keys = KeySet::new(vec![PublicKey::from_jwk(&group["keyJwk"]).unwrap()]);
    let pem = text(&group["publicKeyPem"]);
    let pkcs1 = pem.replace("PUBLIC KEY", "RSA PUBLIC KEY");
    let secrets = [
        pem.to_owned(),
        format!("\n  {pem}"),
        pkcs1,
        format!("{pem}\n"),
        text(&group["keyJwk"]["n"]).to_owned(),
    ];
    for secret in secrets {
        for header in [r#"{"alg":"HS256"}"#, r#"{"alg":"HS256","kid":"none"}"#] {
            assert_eq!(
                verify_jws(&hs256(header, secret.as_bytes()), &keys),
                Err(JwtError::AlgorithmNotAllowed)
            );
        }
    }
    for text in [json!({ "keys": [pem] }), json!({ "keys": [{ "kty": "oct", "k": BASE64URL.encode(pem) }] })]
    {
        let keys = KeySet::parse(text.to_string().as_bytes()).unwrap();
        assert!(keys.keys().is_empty() && keys.skipped().len() == 1, "{text}");
    }
}

#[test]
fn threat_05_a_negative_time_never_wraps_into_the_far_future() {
    let signer = signer();
    for value in [json!(-1), json!(i64::MIN), json!(-253_402_300_799_i64), json!(i64::MAX), json!(u64::MAX)] {
        assert_eq!(signer.answer(&claims_with("exp", value.clone())), "claim_invalid", "{value}");
    }
}

#[test]
fn threat_06_an_alg_outside_the_signed_header_is_never_read() {
    let signer = signer();
    let token = signer.sign_bytes(r#"{"kid":"a"}"#, claims().to_string().as_bytes());
    assert_eq!(signer.verify(&token).unwrap_err().code(), "jwt_malformed", "no alg in the protected header");
    // The JSON forms, the only ones with an unprotected header, are no session JWTs at all.
    let parts: Vec<&str> = token.split('.').collect();
    let flat = json!({ "protected": parts[0], "header": { "alg": "ES256" }, "payload": parts[1], "signature": parts[2] });
    assert_eq!(signer.verify(&flat.to_string()).unwrap_err().code(), "jwt_malformed");
}

#[test]
fn threat_07_a_jwe_where_a_jws_is_expected_is_refused() {
    let signer = signer();
    let token = signer.sign(&claims());
    assert_eq!(
        signer.verify(&format!("{token}.{}", "AA.AA")).unwrap_err().code(),
        "jwt_malformed",
        "five parts"
    );
    let header = r#"{"alg":"RSA-OAEP","enc":"A256GCM","kid":"a"}"#;
    let token = signer.sign_bytes(header, claims().to_string().as_bytes());
    assert_eq!(signer.verify(&token).unwrap_err().code(), "alg_not_allowed");
}

#[test]
fn threat_08_the_same_kid_at_two_issuers_opens_nothing() {
    let (ours, theirs) = (signer(), signer());
    let foreign = theirs.sign(&claims());
    assert!(theirs.verify(&foreign).is_ok());
    assert_eq!(ours.verify(&foreign), Err(JwtError::SignatureInvalid));
    // Both keys in one set under one name: nobody could say whose token it is, so neither is used.
    let both = [&ours, &theirs].map(|signer| (*signer.keys.keys()[0]).clone());
    let merged = KeySet::new(both.to_vec());
    assert!(merged.keys().is_empty());
    assert_eq!(merged.skipped().iter().map(|skipped| skipped.why).collect::<Vec<_>>(), ["kid_ambiguous"; 2]);
    assert_eq!(verify_jws(&foreign, &merged), Err(JwtError::KeyUnknown(Algorithm::Es256)));
}

#[test]
fn threat_10_id_logout_and_event_tokens_are_no_session() {
    let signer = signer();
    for name in ["nonce", "at_hash", "c_hash", "events"] {
        assert_eq!(signer.answer(&claims_with(name, json!("x"))), "type_not_allowed", "{name}");
    }
    let accepting = Expected { accept_id_token: true, ..expected() };
    let check = |claims: &Value| {
        let now = Timestamp::from_unix_seconds(NOW);
        native::verify(&signer.sign(claims), &signer.keys, &accepting, now).err().map(|error| error.code())
    };
    assert_eq!(check(&claims_with("nonce", json!("x"))), None, "an issuer that hands out ID tokens");
    assert_eq!(check(&claims_with("events", json!({}))), Some("type_not_allowed"));
}

#[test]
fn threat_12_tokens_of_another_class_are_no_session() {
    // A refresh token, a one-time secret and an API key are of other forms, and stay so with dots in them.
    let signer = signer();
    let mac = |_: &[u8]| [0; 32];
    let refresh = crate::refresh_token::OneTimeClaims {
        key_id: 1,
        project_id: AUDIENCE.parse().unwrap(),
        secret_id: crate::id::OneTimeSecretId::from_bytes([1; 16]),
    };
    for other in [refresh.write(mac).reveal(), crate::api_key::TEST_VECTOR_KEY] {
        assert_eq!(signer.verify(other).unwrap_err().code(), "jwt_malformed");
        assert_eq!(signer.verify(&format!("{other}.{other}.{other}")).unwrap_err().code(), "jwt_malformed");
    }
    // A state or PKCE token signed with the session key would still name itself by its type.
    let state =
        signer.sign_bytes(r#"{"alg":"ES256","kid":"a","typ":"state+jwt"}"#, claims().to_string().as_bytes());
    assert_eq!(signer.verify(&state).unwrap_err().code(), "type_not_allowed");
}

#[test]
fn keys_that_a_header_brings_along_are_never_used() {
    let (ours, theirs) = (signer(), signer());
    let jwk = theirs.keys.keys()[0].to_jwk();
    for member in
        [json!({ "jwk": jwk }), json!({ "jku": "https://evil.example/jwks" }), json!({ "x5c": ["MIIB"] })]
    {
        let mut header = json!({ "alg": "ES256", "kid": "a" });
        header.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        let token = theirs.sign_bytes(&header.to_string(), claims().to_string().as_bytes());
        assert_eq!(ours.verify(&token), Err(JwtError::SignatureInvalid));
    }
}

#[test]
fn an_ed25519_key_of_small_order_needs_no_private_key_and_is_refused() {
    // The y of the eight points whose order divides 8; x only adds the sign.
    let order_8 = [
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ];
    let mut weak: Vec<[u8; 32]> = order_8.iter().map(|y| hex(&json!(y)).try_into().unwrap()).collect();
    weak.push([0; 32]);
    let (identity, mut minus_one) = (std::array::from_fn(|at| u8::from(at == 0)), [0xff; 32]);
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    weak.extend([identity, minus_one]);
    // R is the identity and S is zero: it holds for every message whose hash is a multiple of the key's order.
    let mut forged = [0; 64];
    forged[0] = 1;
    for key in weak {
        let raw = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, key);
        let forgery = (0..=255_u8).find(|message| raw.verify(&[*message], &forged).is_ok());
        let message = [forgery.expect("the control: without our check the forgery passes")];
        assert!(!native::Scheme::EdDsa.check(&key, &message, &forged), "{key:?}");
        assert!(!native::check_ed25519(&key, &message, &forged), "{key:?}");
        for sign in [0, 0x80] {
            let mut key = key;
            key[31] |= sign;
            assert!(PublicKey::ed25519(key).is_err(), "{key:?}");
        }
    }
}
