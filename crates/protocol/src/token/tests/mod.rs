//! The rules against public vectors, past attacks and random bytes, with real signatures.

mod claims;
mod jose;
mod json_suite;
mod random;
mod threats;
mod wycheproof;

use super::{Expected, JwtError, SessionClaims, UnverifiedJwt, native, verify};
use crate::{
    jwk::{KeySet, PublicKey},
    time::Timestamp,
    token::Algorithm,
};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use std::path::Path;

/// The moment at which every test token is looked at.
const NOW: i64 = 1_795_444_200;
const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "dfb06708-a46f-4615-bd34-f614ae284e7b";

/// Reads a vector file of the workspace.
fn vectors(path: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(path);
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("the vector holds a list here")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("the vector holds a string here")
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = text(value);
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// The payload of any JWS that verifies under a set.
fn verify_jws(token: &str, keys: &KeySet) -> Result<Vec<u8>, JwtError> {
    let jwt = UnverifiedJwt::parse(token)?;
    let pending = verify::find_key(&jwt, keys, &Algorithm::ALL)?;
    let holds = native::check(pending.check());
    pending.into_payload(holds)
}

/// The claims of a session JWT as everything in these tests expects them.
fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "iat": NOW - 10, "exp": NOW + 900, "sid": "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a" })
}

/// [`claims`] with one of them replaced.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// [`claims`] without one of them.
fn claims_without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn expected() -> Expected {
    Expected::new(ISSUER, AUDIENCE)
}

/// A signer with an ES256 and an EdDSA key, and the set that publishes both.
struct Signer {
    es256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
    keys: KeySet,
}

impl Signer {
    fn new(es256_kid: &str, ed25519_kid: &str) -> Self {
        let es256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        let point = es256.public_key().as_ref().try_into().unwrap();
        let raw = ed25519.public_key().as_ref().try_into().unwrap();
        let keys = KeySet::new(vec![
            PublicKey::es256(point).unwrap().with_kid(es256_kid),
            PublicKey::ed25519(raw).unwrap().with_kid(ed25519_kid),
        ]);
        Self { es256, ed25519, keys }
    }

    /// Signs any header and payload with the ES256 key, whatever the header says.
    fn sign_bytes(&self, header: &str, payload: &[u8]) -> String {
        let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
        let signature = self.es256.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", BASE64URL.encode(signature))
    }

    fn sign_ed25519(&self, header: &str, claims: &Value) -> String {
        let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims.to_string()));
        format!("{input}.{}", BASE64URL.encode(self.ed25519.sign(input.as_bytes())))
    }

    fn sign(&self, claims: &Value) -> String {
        self.sign_bytes(r#"{"alg":"ES256","kid":"a","typ":"JWT"}"#, claims.to_string().as_bytes())
    }

    fn verify(&self, token: &str) -> Result<SessionClaims, JwtError> {
        native::verify(token, &self.keys, &expected(), Timestamp::from_unix_seconds(NOW))
    }

    /// The code with which claims are refused, `"ok"` if they are not.
    fn answer(&self, claims: &Value) -> &'static str {
        self.verify(&self.sign(claims)).err().map_or("ok", |error| error.code())
    }
}

fn signer() -> Signer {
    let signer = Signer::new("a", "b");
    // The control of every refusal below: the same signer's plain token passes.
    assert_eq!(signer.answer(&claims()), "ok");
    signer
}
