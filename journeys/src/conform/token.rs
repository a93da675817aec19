//! Signatures, tokens and keys.

use super::{
    Answer,
    fields::{Fields, INVALID, MISSING, base64url, to_hex},
};
use authmint_protocol::{
    jwk::{KeySet, PublicKey},
    time::Timestamp,
    token::{
        Algorithm, Expected, UnverifiedJwt,
        native::{self, Scheme},
        verify,
    },
};
use serde_json::{Value, json};
use std::time::Duration;

/// Does a raw signature hold?
pub(super) fn sig_verify(fields: &Fields<'_>) -> Answer {
    let scheme = Scheme::from_name(fields.text("alg")?).ok_or("alg_not_allowed")?;
    let (message, signature) = (fields.hex("msg_hex")?, fields.hex("sig_hex")?);
    let key = match fields.optional("jwk") {
        Some(jwk) => key_of_jwk(scheme, jwk)?,
        None => fields.hex("key_hex")?,
    };
    scheme.check(&key, &message, &signature).then_some(json!(true)).ok_or("signature_invalid")
}

fn key_of_jwk(scheme: Scheme, jwk: &Value) -> Result<Vec<u8>, &'static str> {
    let algorithm = match scheme {
        Scheme::Es256 | Scheme::Es256Der => Algorithm::Es256,
        Scheme::EdDsa => Algorithm::EdDsa,
        Scheme::Rs256 => Algorithm::Rs256,
        Scheme::Secp256k1 | Scheme::Secp256k1Der => return secp256k1_point(jwk).ok_or("jwk_malformed"),
    };
    let key = PublicKey::from_jwk(jwk).map_err(|error| error.code())?;
    if key.algorithm() == algorithm { Ok(native::key_bytes(key.material())) } else { Err("jwk_alg_mismatch") }
}

/// Wallet keys are no keys of ours, so their JWKs are read here.
fn secp256k1_point(jwk: &Value) -> Option<Vec<u8>> {
    let (x, y) = (base64url(&jwk["x"])?, base64url(&jwk["y"])?);
    let fits = jwk["kty"] == "EC" && jwk["crv"] == "secp256k1" && x.len() == 32 && y.len() == 32;
    fits.then(|| [&[4], &x[..], &y].concat())
}

/// The payload of a compact JWS whose signature holds.
pub(super) fn jws_verify(fields: &Fields<'_>) -> Answer {
    let algorithms = algorithms(fields)?;
    // The JSON serialisations are no tokens of ours: an object is refused as any other text is.
    let token = fields.value("token")?;
    let jwt = UnverifiedJwt::parse(token.as_str().unwrap_or_default()).map_err(|error| error.code())?;
    let keys = match fields.optional("jwk") {
        Some(jwk) => one_key(jwk, jwt.kid())?,
        None => key_set(fields)?,
    };
    let pending = verify::find_key(&jwt, &keys, &algorithms).map_err(|error| error.code())?;
    let holds = native::check(pending.check());
    let payload = pending.into_payload(holds).map_err(|error| error.code())?;
    Ok(json!({ "payload_hex": to_hex(&payload) }))
}

/// A set of the one key that the caller chose: without a name of its own it answers to the token's.
fn one_key(jwk: &Value, kid: Option<&str>) -> Result<KeySet, &'static str> {
    let key = PublicKey::from_jwk(jwk).map_err(|error| error.code())?;
    let key = match (key.kid(), kid) {
        (None, Some(kid)) => key.with_kid(kid),
        _ => key,
    };
    Ok(KeySet::new(vec![key]))
}

fn algorithms(fields: &Fields<'_>) -> Result<Vec<Algorithm>, &'static str> {
    let names = fields.texts("algs")?;
    // A name that is not ours allows nothing.
    Ok(names.map_or(Algorithm::ALL.to_vec(), |names| {
        names.into_iter().filter_map(Algorithm::from_name).collect()
    }))
}

pub(super) fn key_set(fields: &Fields<'_>) -> Result<KeySet, &'static str> {
    KeySet::parse(fields.value("jwks")?.to_string().as_bytes()).map_err(|error| error.code())
}

/// Which keys of a set are used, and why the others are not.
pub(super) fn jwks_load(fields: &Fields<'_>) -> Answer {
    let set = key_set(fields)?;
    let keys: Vec<_> = set.keys().iter().map(|key| key.kid()).collect();
    let skipped: Vec<_> =
        set.skipped().iter().map(|skipped| json!({ "index": skipped.index, "why": skipped.why })).collect();
    Ok(json!({ "keys": keys, "skipped": skipped }))
}

/// The thumbprint of RFC 7638.
pub(super) fn jwk_thumbprint(fields: &Fields<'_>) -> Answer {
    let key = PublicKey::from_jwk(fields.value("jwk")?).map_err(|error| error.code())?;
    Ok(json!(key.thumbprint()))
}

/// The claims of a session JWT.
pub(super) fn jwt_verify(fields: &Fields<'_>) -> Answer {
    let keys = key_set(fields)?;
    let required = fields.texts("required")?.unwrap_or_default();
    let mut expected = Expected::new(fields.text("issuer")?, fields.text("audience")?);
    expected.required = required.into_iter().map(str::to_owned).collect();
    if let Some(leeway) = fields.seconds("leeway")? {
        expected.leeway = Duration::from_secs(leeway);
    }
    let now = fields.optional("now").ok_or(MISSING)?.as_i64().ok_or(INVALID)?;
    let token = fields.value("token")?.as_str().unwrap_or_default();
    let session = native::verify(token, &keys, &expected, Timestamp::from_unix_seconds(now));
    session.map(|session| Value::Object(session.claims)).map_err(|error| error.code())
}

#[cfg(test)]
mod tests {
    use crate::conform::tests::ask_one;
    use serde_json::{Value, json};

    fn vectors(path: &str) -> Value {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors").join(path);
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    }

    /// Asks all raw signatures of a Wycheproof file; the key goes in as the function `key` says.
    fn signatures(file: &str, alg: &str, key: fn(&Value) -> (&'static str, Value)) -> (usize, usize) {
        let (mut held, mut refused) = (0, 0);
        for group in vectors(file)["testGroups"].as_array().unwrap() {
            let (field, key) = key(group);
            for test in group["tests"].as_array().unwrap() {
                let question = json!({
                    "id": 1, "fn": "sig_verify", "alg": alg, field: key, "msg_hex": test["msg"], "sig_hex": test["sig"]
                });
                match (ask_one(&question), test["result"].as_str().unwrap()) {
                    (Ok(value), "valid") if value == true => held += 1,
                    (Err(code), "invalid" | "acceptable") if code == "signature_invalid" => refused += 1,
                    (answer, result) => panic!("{file} {} is {result}: {answer:?}", test["tcId"]),
                }
            }
        }
        (held, refused)
    }

    #[test]
    fn raw_signatures_in_every_scheme_and_form_of_key() {
        let point = |group: &Value| ("key_hex", group["publicKey"]["uncompressed"].clone());
        let spki = |group: &Value| ("key_hex", group["publicKeyDer"].clone());
        let jwk = |group: &Value| ("jwk", group["publicKeyJwk"].clone());
        let directory = |name: &str| format!("wycheproof/{name}_test.json");
        for (file, alg, key, counts) in [
            ("ecdsa_secp256r1_sha256_p1363", "ES256", spki as fn(&Value) -> _, (173, 89)),
            ("ecdsa_secp256r1_sha256", "ES256-DER", point, (174, 310)),
            ("ecdsa_secp256k1_sha256_p1363", "secp256k1", point, (167, 85)),
            ("ecdsa_secp256k1_sha256_bitcoin", "secp256k1-DER", spki, (162, 301)),
            ("ed25519", "EdDSA", jwk, (88, 63)),
            ("rsa_signature_2048_sha256", "RS256", |group| ("jwk", group["keyJwk"].clone()), (9, 250)),
        ] {
            assert_eq!(signatures(&directory(file), alg, key), counts, "{file}");
        }
    }

    #[test]
    fn tokens_keys_and_thumbprints() {
        let files = vectors("jose/latchset.json");
        let text = |name: &str| files[name].as_str().unwrap().trim().to_owned();
        let jwk: Value = serde_json::from_str(&text("rfc7638_3.1.jwk")).unwrap();
        let thumbprint = ask_one(&json!({ "id": 1, "fn": "jwk_thumbprint", "jwk": jwk }));
        assert_eq!(thumbprint, Ok(json!(text("rfc7638_3.1.thp"))));

        let set: Value = serde_json::from_str(&text("rfc7517_A.1.jwkset")).unwrap();
        let loaded = ask_one(&json!({ "id": 1, "fn": "jwks_load", "jwks": set }));
        let skipped = json!([{ "index": 0, "why": "jwk_not_for_signatures" }]);
        assert_eq!(loaded, Ok(json!({ "keys": ["2011-04-29"], "skipped": skipped })));

        let mut jwk: Value = serde_json::from_str(&text("rfc7515_A.3.jwk")).unwrap();
        jwk.as_object_mut().unwrap().remove("d");
        let jws = |algs: Value| {
            ask_one(
                &json!({ "id": 1, "fn": "jws_verify", "token": text("rfc7515_A.3.jwsc"), "jwk": jwk, "algs": algs }),
            )
        };
        let payload = jws(json!(["HS256", "ES256"])).unwrap();
        assert!(payload["payload_hex"].as_str().unwrap().starts_with("7b22697373223a226a6f65222c"));
        assert_eq!(jws(json!(["RS256"])), Err("alg_not_allowed".into()));

        let question = json!({
            "id": 1, "fn": "jwt_verify", "token": text("rfc7515_A.3.jwsc"), "jwks": { "keys": [jwk] },
            "issuer": "joe", "audience": "us", "now": 1_300_819_000
        });
        assert_eq!(ask_one(&question), Err("claim_missing".into()), "the RFC's example has no audience");
    }
}
