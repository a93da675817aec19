//! Session JWTs: whatever text comes, what is believed was signed by our key, says what must be said, and has one text.

#![no_main]

use arbitrary::Arbitrary;
use authmint_protocol::{
    jwk::{KeySet, PublicKey},
    time::Timestamp,
    token::{Algorithm, Expected, JwtError, SessionClaims, native, verify},
};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use std::{sync::LazyLock, time::Duration};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a";

static KEYS: LazyLock<[Ed25519KeyPair; 2]> = LazyLock::new(|| {
    [1, 2].map(|seed| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes are a seed"))
});
static SET: LazyLock<KeySet> = LazyLock::new(|| {
    let keys = KEYS.iter().zip(["one", "two"]).map(|(key, kid)| {
        let public = key.public_key().as_ref().try_into().expect("32 bytes");
        PublicKey::ed25519(public).expect("a sound key").with_kid(kid)
    });
    KeySet::new(keys.collect())
});

#[derive(Arbitrary, Debug)]
enum Token {
    /// Any text.
    Text(String),
    /// Any bytes in the three places, signed by one of the keys.
    Bytes { header: Vec<u8>, payload: Vec<u8>, by: bool },
    /// Near to what the service makes: this one is signed as it should be, and then perhaps spoilt.
    Near { header: Header, claims: Claims, by: bool, spoil: Option<(u16, u8)> },
}

#[derive(Arbitrary, Debug)]
struct Header {
    algorithm: Choice,
    kid: Choice,
    typ: Choice,
    more: Option<(String, Json)>,
}

/// An index into what is usual, or another text.
#[derive(Arbitrary, Debug)]
enum Choice {
    Absent,
    Usual(u8),
    Other(String),
    Null,
}

#[derive(Arbitrary, Debug)]
struct Claims {
    subject: Claim,
    issuer: Claim,
    audience: Claim,
    expires: Claim,
    issued: Claim,
    not_before: Claim,
    session: Claim,
    more: Option<(String, Json)>,
    /// A raw member that stands in front of the others.
    repeated: Option<u8>,
}

#[derive(Arbitrary, Debug)]
enum Claim {
    Good,
    Absent,
    Near(i16),
    Other(Json),
}

#[derive(Arbitrary, Debug)]
enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    List(Vec<String>),
    Object(Vec<(String, i64)>),
}

impl Json {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => json!(value),
            Self::Integer(value) => json!(value),
            Self::Unsigned(value) => json!(value),
            Self::Float(value) => json!(value),
            Self::Text(value) => json!(value),
            Self::List(values) => json!(values),
            Self::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
            }
        }
    }
}

impl Choice {
    fn put(&self, object: &mut Map<String, Value>, name: &str, usual: &[&str]) {
        let value = match self {
            Self::Absent => return,
            Self::Usual(index) => json!(usual[usize::from(*index) % usual.len()]),
            Self::Other(text) => json!(text),
            Self::Null => Value::Null,
        };
        object.insert(name.to_owned(), value);
    }
}

impl Claim {
    fn put(&self, object: &mut Map<String, Value>, name: &str, good: Value) {
        let value = match self {
            Self::Good => good,
            Self::Absent => return,
            Self::Near(offset) => match good.as_i64() {
                Some(_) => json!(NOW.unix_seconds() + i64::from(*offset)),
                None => json!(format!("{}{offset}", good.as_str().unwrap_or_default())),
            },
            Self::Other(json) => json.value(),
        };
        object.insert(name.to_owned(), value);
    }
}

impl Token {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bytes { header, payload, by } => signed(header, payload, *by),
            Self::Near { header, claims, by, spoil } => {
                let mut text = signed(&header.json(), &claims.json(), *by).into_bytes();
                if let Some((at, byte)) = spoil {
                    let at = usize::from(*at) % text.len();
                    text[at] = *byte & 0x7f;
                }
                String::from_utf8(text).expect("ASCII")
            }
        }
    }
}

impl Header {
    fn json(&self) -> Vec<u8> {
        let mut header = Map::new();
        self.algorithm.put(
            &mut header,
            "alg",
            &["EdDSA", "EdDSA", "none", "HS256", "ES256", "RS256", "eddsa"],
        );
        self.kid.put(&mut header, "kid", &["one", "two", "three", ""]);
        self.typ.put(&mut header, "typ", &["JWT", "at+jwt", "application/at+jwt", "dpop+jwt", "logout+jwt"]);
        if let Some((name, value)) = &self.more {
            header.insert(name.clone(), value.value());
        }
        Value::Object(header).to_string().into_bytes()
    }
}

impl Claims {
    fn json(&self) -> Vec<u8> {
        let now = NOW.unix_seconds();
        let mut claims = Map::new();
        self.subject.put(&mut claims, "sub", json!("ada"));
        self.issuer.put(&mut claims, "iss", json!(ISSUER));
        self.audience.put(&mut claims, "aud", json!(AUDIENCE));
        self.expires.put(&mut claims, "exp", json!(now + 600));
        self.issued.put(&mut claims, "iat", json!(now));
        self.not_before.put(&mut claims, "nbf", json!(now));
        self.session.put(&mut claims, "sid", json!("0f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a"));
        if let Some((name, value)) = &self.more {
            claims.insert(name.clone(), value.value());
        }
        let mut text = Value::Object(claims).to_string();
        if let (Some(which), true) = (self.repeated, text.len() > 2) {
            let name = ["sub", "iss", "aud", "exp", "sid"][usize::from(which) % 5];
            text.insert_str(1, &format!("\"{name}\":\"mallory\","));
        }
        text.into_bytes()
    }
}

fn signed(header: &[u8], payload: &[u8], by: bool) -> String {
    let message = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
    let signature = KEYS[usize::from(by)].sign(message.as_bytes());
    format!("{message}.{}", BASE64URL.encode(signature))
}

fn verified(text: &str, expected: &Expected, now: Timestamp) -> Result<SessionClaims, JwtError> {
    native::verify(text, &SET, expected, now)
}

/// What was believed is held against the standards, read a second time by other means.
fn must_be_sound(text: &str, claims: &SessionClaims) {
    let parts: Vec<_> = text.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("not three parts") };
    let decoded = |part: &str| BASE64URL.decode(part).expect("canonical base64url");
    let (message, signature) = (&text[..header.len() + 1 + payload.len()], decoded(signature));
    let (header, payload) = (decoded(header), decoded(payload));
    let header: Map<String, Value> = serde_json::from_slice(&header).expect("an object");
    let payload: Map<String, Value> = serde_json::from_slice(&payload).expect("an object");

    assert_eq!(header["alg"], "EdDSA", "the one algorithm that a key of the set has");
    assert!(!header.contains_key("crit") && !header.contains_key("b64"));
    let holds = |key: &Ed25519KeyPair| {
        UnparsedPublicKey::new(&ED25519, key.public_key()).verify(message.as_bytes(), &signature).is_ok()
    };
    match header.get("kid").map(|kid| kid.as_str().expect("a text")) {
        Some("one") => assert!(holds(&KEYS[0])),
        Some("two") => assert!(holds(&KEYS[1])),
        other => panic!("two keys fit {other:?}, so none may be chosen"),
    }
    assert_eq!(payload, claims.claims, "no name was repeated, and nothing was added");
    assert_eq!(payload["iss"], ISSUER);
    let names_us = |audience: &Value| audience == AUDIENCE;
    assert!(
        names_us(&payload["aud"]) || payload["aud"].as_array().is_some_and(|list| list.iter().any(names_us))
    );
    assert_eq!(payload["sub"], claims.subject.as_str());
    assert!(!claims.subject.is_empty());
    let (now, leeway) = (NOW.unix_seconds(), 5);
    assert!(payload["exp"].as_i64().expect("a whole number") + leeway > now);
    for start in ["iat", "nbf"].iter().filter_map(|name| payload.get(*name)) {
        assert!(start.as_i64().expect("a whole number") - leeway <= now);
    }
    for foreign in ["events", "nonce", "at_hash", "c_hash"] {
        assert!(!payload.contains_key(foreign), "another kind of token");
    }
}

fuzz_target!(|input: (Token, u16, u8)| {
    let (token, at, byte) = input;
    let (text, expected) = (token.text(), Expected::new(ISSUER, AUDIENCE));
    let outcome = verified(&text, &expected, NOW);
    if let Err(error) = &outcome {
        assert!(!error.code().is_empty() && !error.to_string().is_empty());
        return;
    }
    let claims = outcome.expect("not refused");
    must_be_sound(&text, &claims);

    // One JWT has one text.
    let mut other = text.clone().into_bytes();
    let at = usize::from(at) % other.len();
    if other[at] != byte & 0x7f {
        other[at] = byte & 0x7f;
        let other = String::from_utf8(other).expect("ASCII");
        assert!(verified(&other, &expected, NOW).is_err(), "a varied JWT is believed");
    }
    for spoilt in [format!("{text}="), format!("{text}."), format!(" {text}"), format!("{text}\n")] {
        assert!(verified(&spoilt, &expected, NOW).is_err(), "a varied JWT is believed");
    }

    // It is believed here, by us, and until its end.
    let end = claims.expires_at.after(Expected::DEFAULT_LEEWAY);
    assert_eq!(verified(&text, &expected, end), Err(JwtError::Expired));
    assert!(verified(&text, &Expected::new("https://other.example.com", AUDIENCE), NOW).is_err());
    let only_es256 = Expected { algorithms: vec![Algorithm::Es256], ..expected.clone() };
    assert_eq!(verified(&text, &only_es256, NOW), Err(JwtError::AlgorithmNotAllowed));
    let pending = verify::begin(&text, &SET, &expected.algorithms).expect("as before");
    assert_eq!(verify::finish(pending, false, &expected, NOW), Err(JwtError::SignatureInvalid));
    assert_eq!(verified(&text, &Expected { leeway: Duration::from_secs(60), ..expected }, NOW), Ok(claims));
});
