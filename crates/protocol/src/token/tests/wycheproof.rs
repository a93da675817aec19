//! Wycheproof. A refusal counts only in a group whose valid control passes, or which is refused for its key as a whole.

use super::*;
use crate::token::native::{Scheme, key_bytes};

fn groups(file: &str) -> Vec<Value> {
    list(&vectors(&format!("wycheproof/{file}_test.json"))["testGroups"]).to_vec()
}

/// The group's public keys as a set; symmetric groups have private keys only, which our reader must skip by itself.
fn key_set(group: &Value) -> KeySet {
    let keys = if group["public"].is_null() { &group["private"] } else { &group["public"] };
    let set = if keys["keys"].is_null() { json!({ "keys": [keys] }) } else { keys.clone() };
    KeySet::parse(set.to_string().as_bytes()).unwrap()
}

/// Whether a token (a string, or for JSON serialisation an object) verifies.
fn passes(token: &Value, keys: &KeySet) -> bool {
    let token = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
    verify_jws(&token, keys).is_ok()
}

#[test]
fn json_web_signature() {
    let (mut accepted, mut refused, mut unsupported) = (0, 0, 0);
    for group in groups("json_web_signature") {
        let keys = key_set(&group);
        let ours = keys.keys().len() == 1;
        for test in list(&group["tests"]) {
            let case = format!("{} {}", test["tcId"], test["comment"]);
            let valid = test["result"] == "valid" && ours;
            assert_eq!(passes(&test["jws"], &keys), valid, "{case} {:?}", keys.skipped());
            match (ours, valid) {
                (true, true) => accepted += 1,
                (true, false) => refused += 1,
                (false, _) => unsupported += 1,
            }
        }
    }
    // ES256 and RS256 groups hold valid controls; keys of other algorithms or for encryption are skipped as a whole.
    assert_eq!((accepted, refused, unsupported), (10, 262, 129));
}

#[test]
fn json_web_key() {
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for group in groups("json_web_key") {
        let keys = key_set(&group);
        for test in list(&group["tests"]) {
            if passes(&test["jws"], &keys) {
                accepted.push(test["tcId"].as_u64().unwrap());
            } else {
                refused += 1;
                // Whatever the reason, it is named: no key is dropped without a word.
                assert!(!keys.skipped().is_empty(), "{}", test["tcId"]);
            }
        }
    }
    assert_eq!(
        (accepted, refused),
        (vec![5], 25),
        "the RSA control passes; wrong use, size, curve, family do not"
    );
}

#[test]
fn json_web_encryption_is_always_refused() {
    let signer = signer();
    let mut refused = 0;
    for group in groups("json_web_encryption") {
        let keys = key_set(&group);
        assert!(keys.keys().is_empty(), "encryption keys are never for signatures: {}", group["comment"]);
        for test in list(&group["tests"]) {
            let token = test["jwe"].as_str().map_or_else(|| test["jwe"].to_string(), str::to_owned);
            let error = signer.verify(&token).unwrap_err();
            assert!(matches!(error.code(), "jwt_malformed" | "alg_not_allowed"), "{} {error}", test["tcId"]);
            refused += 1;
        }
    }
    assert_eq!(refused, 139);
}

/// Checks the raw signatures of one file and counts what held and what did not.
fn raw(file: &str, scheme: Scheme, key: impl Fn(&Value) -> Vec<u8>) -> (usize, usize) {
    let (mut accepted, mut refused) = (0, 0);
    for group in groups(file) {
        let key = key(&group);
        for test in list(&group["tests"]) {
            let holds = scheme.check(&key, &hex(&test["msg"]), &hex(&test["sig"]));
            match text(&test["result"]) {
                "valid" => assert!(holds, "{file} {}", test["tcId"]),
                "invalid" => assert!(!holds, "{file} {}", test["tcId"]),
                // The vectors leave it open; we take the strict side.
                _ => assert!(!holds, "{file} {}", test["tcId"]),
            }
            if holds { accepted += 1 } else { refused += 1 }
        }
    }
    (accepted, refused)
}

fn from_jwk(jwk: &Value) -> Vec<u8> {
    key_bytes(PublicKey::from_jwk(jwk).unwrap().material())
}

#[test]
fn ecdsa_on_p256_in_both_forms() {
    let fixed = raw("ecdsa_secp256r1_sha256_p1363", Scheme::Es256, |group| match &group["publicKeyJwk"] {
        // Some groups give no JWK, only the point.
        Value::Null => hex(&group["publicKey"]["uncompressed"]),
        jwk => from_jwk(jwk),
    });
    assert_eq!(fixed, (173, 89));
    let der =
        raw("ecdsa_secp256r1_sha256", Scheme::Es256Der, |group| hex(&group["publicKey"]["uncompressed"]));
    assert_eq!(der, (174, 310));
    let spki = raw("ecdsa_secp256r1_sha256", Scheme::Es256Der, |group| hex(&group["publicKeyDer"]));
    assert_eq!(spki, der, "the key's form changes nothing");
}

#[test]
fn ecdsa_on_secp256k1_in_both_forms() {
    let key = |group: &Value| hex(&group["publicKey"]["uncompressed"]);
    assert_eq!(raw("ecdsa_secp256k1_sha256_p1363", Scheme::Secp256k1, key), (167, 85));
    assert_eq!(raw("ecdsa_secp256k1_sha256_bitcoin", Scheme::Secp256k1Der, key), (162, 301));
}

#[test]
fn ed25519() {
    let jwk = raw("ed25519", Scheme::EdDsa, |group| from_jwk(&group["publicKeyJwk"]));
    assert_eq!(jwk, (88, 63));
    assert_eq!(raw("ed25519", Scheme::EdDsa, |group| hex(&group["publicKeyDer"])), jwk);
}

#[test]
fn rsa_2048() {
    let jwk = raw("rsa_signature_2048_sha256", Scheme::Rs256, |group| from_jwk(&group["keyJwk"]));
    assert_eq!(jwk, (9, 250));
    assert_eq!(raw("rsa_signature_2048_sha256", Scheme::Rs256, |group| hex(&group["publicKeyDer"])), jwk);
}
