//! The examples of RFC 7515 to 7520, 7638, 7797 and 8037: what is of ours verifies, all else is refused with a reason.

use super::*;

/// The key without its private members: what its owner would publish.
fn public(jwk: &Value) -> Value {
    let mut jwk = jwk.clone();
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    jwk
}

fn verify_with(token: &str, jwk: &Value) -> Result<Vec<u8>, JwtError> {
    let keys = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
    verify_jws(token, &keys)
}

#[test]
fn cookbook_signatures() {
    let book = vectors("jose/cookbook.json");
    let mut answers = Vec::new();
    for (name, example) in book.as_object().unwrap() {
        let Some(token) = example["output"]["compact"].as_str() else { continue };
        let key = &example["input"]["key"];
        let key = if key.is_object() { public(key) } else { json!({}) };
        let answer = verify_with(token, &key);
        if let Ok(payload) = &answer {
            assert_eq!(payload, text(&example["input"]["payload"]).as_bytes(), "{name}");
        }
        answers.push((name.rsplit_once('/').unwrap().1, answer.err().map_or("ok", |error| error.code())));
    }
    let verified: Vec<_> =
        answers.iter().filter(|(_, answer)| *answer == "ok").map(|(name, _)| *name).collect();
    assert_eq!(
        verified,
        ["jws.json", "4_1.rsa_v15_signature.json"],
        "EdDSA and RS256; ES256 has its own example below"
    );
    for (name, answer) in &answers {
        assert!(matches!(*answer, "ok" | "alg_not_allowed" | "jwt_malformed"), "{name}: {answer}");
    }
    assert_eq!(answers.len(), 17, "{answers:?}");
}

#[test]
fn examples_of_rfc_7515_to_7520() {
    let files = vectors("jose/latchset.json");
    let mut answers = Vec::new();
    for (name, token) in files.as_object().unwrap() {
        let Some(stem) = name.strip_suffix(".jwsc").or_else(|| name.strip_suffix(".jwec")) else { continue };
        let key =
            files[format!("{stem}.jwk")].as_str().map_or(json!({}), |jwk| serde_json::from_str(jwk).unwrap());
        let answer = verify_with(text(token).trim(), &public(&key));
        answers.push((stem, answer.err().map_or("ok", |error| error.code())));
    }
    let verified: Vec<_> =
        answers.iter().filter(|(_, answer)| *answer == "ok").map(|(stem, _)| *stem).collect();
    assert_eq!(verified, ["rfc7515_A.2", "rfc7515_A.3", "rfc7520_4.1"]);
    for (stem, answer) in &answers {
        assert!(matches!(*answer, "ok" | "alg_not_allowed" | "jwt_malformed"), "{stem}: {answer}");
    }
    assert_eq!(answers.len(), 19, "{answers:?}");
}

#[test]
fn json_serialisations_are_refused() {
    let signer = signer();
    let files = vectors("jose/latchset.json");
    let mut refused = 0;
    for (name, token) in files.as_object().unwrap() {
        if ["jwsf", "jwsg", "jwef", "jweg"].iter().any(|form| name.ends_with(form)) {
            assert_eq!(signer.verify(text(token)).unwrap_err().code(), "jwt_malformed", "{name}");
            refused += 1;
        }
    }
    assert_eq!(refused, 40);
}

#[test]
fn key_sets_of_rfc_7517_and_7515() {
    let files = vectors("jose/latchset.json");
    let read = |name: &str| {
        let set = KeySet::parse(text(&files[name]).as_bytes()).unwrap();
        let whys: Vec<_> = set.skipped().iter().map(|skipped| (skipped.index, skipped.why)).collect();
        (set.keys().len(), whys)
    };
    assert_eq!(
        read("rfc7517_A.1.jwkset"),
        (1, vec![(0, "jwk_not_for_signatures")]),
        "the EC key is for encryption"
    );
    let private = "jwk_private";
    assert_eq!(read("rfc7517_A.2.jwkset"), (0, vec![(0, private), (1, private)]));
    let symmetric = "jwk_type_unsupported";
    assert_eq!(read("rfc7517_A.3.jwkset"), (0, vec![(0, symmetric), (1, symmetric)]));
    assert_eq!(read("rfc7515_A.6.jwkset"), (0, vec![(0, private), (1, private)]));
}

#[test]
fn thumbprints() {
    let files = vectors("jose/latchset.json");
    let jwk: Value = serde_json::from_str(text(&files["rfc7638_3.1.jwk"])).unwrap();
    let key = PublicKey::from_jwk(&jwk).unwrap();
    assert_eq!(key.thumbprint(), text(&files["rfc7638_3.1.thp"]).trim());
    // RFC 8037, appendix A.3.
    let okp = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let key = PublicKey::from_jwk(&okp).unwrap();
    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(PublicKey::from_jwk(&key.to_jwk()).unwrap().kid(), Some(&*key.thumbprint()));
}
