//! Key sets: of whatever a URL serves, only sound public keys under unambiguous names are ever used.

#![no_main]

use arbitrary::Arbitrary;
use authmint_protocol::{
    jwk::{KeySet, MAX_KEY_SET_LEN, PublicKey},
    token::Algorithm,
};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Sound numbers: the generator of P-256 and the key of RFC 8037, and moduli that only their length makes sound.
const X: &str = "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY";
const Y: &str = "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";
const ED25519: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

#[derive(Arbitrary, Debug)]
enum Input {
    Bytes(Vec<u8>),
    Keys { keys: Vec<Key>, more: Vec<(String, Member)> },
}

/// A JWK near to a sound one.
#[derive(Arbitrary, Debug)]
struct Key {
    kind: u8,
    kid: Option<u8>,
    changed: Vec<(u8, Member)>,
    modulus: (u8, u16),
}

#[derive(Arbitrary, Debug)]
enum Member {
    Absent,
    Null,
    Number(i32),
    Text(String),
    Texts(Vec<String>),
    Usual(u8),
}

const NAMES: [&str; 14] =
    ["kty", "crv", "x", "y", "n", "e", "alg", "use", "key_ops", "kid", "d", "k", "x5c", "oth"];
const USUAL: [&str; 12] =
    ["EC", "OKP", "RSA", "oct", "P-256", "P-384", "Ed25519", "ES256", "RS256", "sig", "enc", "verify"];

impl Member {
    fn put(&self, object: &mut Map<String, Value>, name: &str) {
        let value = match self {
            Self::Absent => {
                object.remove(name);
                return;
            }
            Self::Null => Value::Null,
            Self::Number(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Texts(texts) => json!(texts),
            Self::Usual(index) => json!(USUAL[usize::from(*index) % USUAL.len()]),
        };
        object.insert(name.to_owned(), value);
    }
}

impl Key {
    fn json(&self) -> Value {
        let sound = match self.kind % 3 {
            0 => json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y, "alg": "ES256", "use": "sig" }),
            1 => json!({ "kty": "OKP", "crv": "Ed25519", "x": ED25519 }),
            _ => json!({ "kty": "RSA", "n": self.modulus(), "e": "AQAB", "key_ops": ["verify"] }),
        };
        let Value::Object(mut jwk) = sound else { unreachable!("an object was written") };
        if let Some(kid) = self.kid {
            jwk.insert("kid".to_owned(), json!(format!("key {}", kid % 4)));
        }
        for (name, member) in &self.changed {
            member.put(&mut jwk, NAMES[usize::from(*name) % NAMES.len()]);
        }
        Value::Object(jwk)
    }

    fn modulus(&self) -> String {
        use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
        let (fill, len) = self.modulus;
        let mut bytes = vec![fill; usize::from(len % 1100)];
        if let Some(last) = bytes.last_mut() {
            *last |= 1;
        }
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl Input {
    fn text(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Keys { keys, more } => {
                let mut set = Map::new();
                set.insert("keys".to_owned(), keys.iter().map(Key::json).collect());
                for (name, member) in more {
                    member.put(&mut set, name);
                }
                Value::Object(set).to_string().into_bytes()
            }
        }
    }
}

/// What is published of a key is the key again, and nothing that only its owner may know.
fn must_be_public(key: &PublicKey) {
    let jwk = key.to_jwk();
    let again = PublicKey::from_jwk(&jwk).expect("what we publish is a sound key");
    assert_eq!(again.material(), key.material());
    assert_eq!(again.thumbprint(), key.thumbprint());
    assert_eq!(key.thumbprint().len(), 43);
    let allowed = ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"];
    let members = jwk.as_object().expect("an object");
    assert!(members.keys().all(|name| allowed.contains(&name.as_str())), "{members:?}");
    assert_eq!(jwk["alg"], key.algorithm().as_str());
    let expected = match key.algorithm() {
        Algorithm::Es256 | Algorithm::EdDsa => 64..=64,
        Algorithm::Rs256 => 256..=1024,
    };
    assert!(expected.contains(&key.signature_len()));
}

fuzz_target!(|input: Input| {
    let text = input.text();
    let Ok(set) = KeySet::parse(&text) else { return };
    assert!(text.len() <= MAX_KEY_SET_LEN);

    let listed: Value = serde_json::from_slice(&text).expect("a lenient reader reads it, too");
    let listed = listed["keys"].as_array().expect("a list");
    assert_eq!(
        set.keys().len() + set.skipped().len(),
        listed.len(),
        "every key is used or skipped with a reason"
    );
    let skipped: HashSet<_> = set.skipped().iter().map(|skipped| skipped.index).collect();
    assert_eq!(skipped.len(), set.skipped().len());
    let used = listed.iter().enumerate().filter(|(index, _)| !skipped.contains(index)).map(|(_, jwk)| jwk);
    for (key, jwk) in set.keys().iter().zip(used) {
        must_be_public(key);
        assert_eq!(jwk.get("kid").and_then(Value::as_str), key.kid());
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(jwk.get(private).is_none(), "a key in the open is used");
        }
        assert!(jwk.get("use").is_none_or(|purpose| purpose == "sig"));
        assert!(jwk.get("alg").is_none_or(|named| named == key.algorithm().as_str()));
    }

    let mut names = HashSet::new();
    for key in set.keys() {
        if let Some(kid) = key.kid() {
            assert!(names.insert(kid), "a name that stands for two keys");
            assert_eq!(set.find(key.algorithm(), Some(kid)).as_deref(), Some(&**key));
            assert!(set.without(kid).find(key.algorithm(), Some(kid)).is_none());
            for other in Algorithm::ALL.into_iter().filter(|other| *other != key.algorithm()) {
                assert!(set.find(other, Some(kid)).is_none(), "the key decides on the algorithm");
            }
        }
    }
    for algorithm in Algorithm::ALL {
        let fitting = set.keys().iter().filter(|key| key.algorithm() == algorithm).count();
        assert_eq!(set.find(algorithm, None).is_some(), fitting == 1);
    }
});
