//! An issuer of others: keys of its own, and a real server that tells of them, well or badly.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use axum::{Router, extract::State, response::Response, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::net::TcpListener;

/// How it answers.
#[derive(Clone)]
pub(crate) enum Manner {
    Well,
    Garbage,
    Stalls,
    Redirects(String),
    Megabyte,
    Fails,
    /// Its discovery document names another issuer.
    Renamed,
}

pub(crate) struct Key {
    pub(crate) kid: String,
    pair: EcdsaKeyPair,
}

impl Key {
    pub(crate) fn new(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { kid: kid.to_owned(), pair }
    }

    pub(crate) fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| BASE64URL.encode(&point[range]);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid, "x": part(1..33), "y": part(33..65) })
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64URL.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64URL.encode(signature.as_ref()))
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "kid": self.kid, "typ": "JWT" }), claims)
    }
}

#[derive(Clone)]
struct Shared {
    url: String,
    manner: Arc<Mutex<Manner>>,
    keys: Arc<Mutex<Vec<Value>>>,
    calls: Arc<AtomicUsize>,
}

/// A running issuer.
pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) key: Key,
    shared: Shared,
}

impl Issuer {
    pub(crate) async fn start(kid: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = Key::new(kid);
        let shared = Shared {
            url: url.clone(),
            manner: Arc::new(Mutex::new(Manner::Well)),
            keys: Arc::new(Mutex::new(vec![key.jwk()])),
            calls: Arc::default(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .fallback(async |State(shared): State<Shared>| {
                shared.calls.fetch_add(1, Ordering::SeqCst).to_string()
            })
            .with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, key, shared }
    }

    pub(crate) fn behaves(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    pub(crate) fn publishes(&self, keys: Vec<Value>) {
        *self.shared.keys.lock().unwrap() = keys;
    }

    /// Calls so far, of any path.
    pub(crate) fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }
}

async fn discovery(State(shared): State<Shared>) -> Response {
    let renamed = matches!(*shared.manner.lock().unwrap(), Manner::Renamed);
    let issuer = if renamed { "https://another.example" } else { &shared.url };
    let document = json!({ "issuer": issuer, "jwks_uri": format!("{}/keys", shared.url) });
    answer(&shared, &document).await
}

async fn keys(State(shared): State<Shared>) -> Response {
    let document = json!({ "keys": *shared.keys.lock().unwrap() });
    answer(&shared, &document).await
}

async fn answer(shared: &Shared, document: &Value) -> Response {
    shared.calls.fetch_add(1, Ordering::SeqCst);
    let manner = shared.manner.lock().unwrap().clone();
    let with = |status: u16, body: String| {
        Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(body.into())
            .unwrap()
    };
    match manner {
        Manner::Well | Manner::Renamed => with(200, document.to_string()),
        Manner::Garbage => with(200, "\u{0}<html>".to_owned()),
        Manner::Stalls => std::future::pending().await,
        Manner::Redirects(to) => {
            let mut response = with(302, String::new());
            response.headers_mut().insert("location", to.parse().unwrap());
            response
        }
        Manner::Megabyte => with(200, format!("{{\"keys\":[\"{}\"]}}", "x".repeat(1 << 20))),
        Manner::Fails => with(500, "{}".to_owned()),
    }
}
