//! Exchanges over loopback HTTP: every request trades another JWT of an issuer that the project trusts, of a user who is known.
//!
//! The JWTs are signed with RS256, as those of nearly every provider are, and before any round: who signs is another's
//! server, and no part of what is measured.

use crate::{load::Caller, service::call};
use authmint_domain::{
    flow::admin::issuer,
    model::{assertion::Reuse, grant::OperatorGrant},
    port::Clock as _,
};
use authmint_protocol::{id::ProjectId, issuer::IssuerTerms};
use authmint_server::App;
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use axum::{Json, Router, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde_json::json;
use std::thread;
use tokio::net::TcpListener;

/// Threads that sign: as many as the machine that this is measured on has cores.
const SIGNERS: usize = 2;

/// An issuer with one key, and what its JWTs begin with.
pub(crate) struct Issuer {
    key: KeyPair,
    url: String,
    head: String,
    now: i64,
}

/// Starts an issuer and has the project trust it.
pub(crate) async fn trusted(app: &App) -> Issuer {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key of 2048 bits");
    let (n, e) = (key.public_key().modulus(), key.public_key().exponent());
    let [n, e] = [n, e].map(|number| BASE64URL.encode(number.big_endian_without_leading_zero()));
    let keys =
        json!({ "keys": [{ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": n, "e": e }] });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/keys", get(async move || Json(keys)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let terms = IssuerTerms::new(url.clone(), "bench").jwks_uri(format!("{url}/keys"));
    let grant = OperatorGrant::command_line().manage(ProjectId::from_bytes([1; 16]));
    issuer::add(app.context(), &grant, "bench".to_owned(), (terms, Reuse::Never)).await.expect("an issuer");
    let head = BASE64URL.encode(json!({ "alg": "RS256", "kid": "1", "typ": "JWT" }).to_string());
    Issuer { key, url, head, now: app.context().clock.now().unix_seconds() }
}

impl Issuer {
    /// So many users with so many JWTs each; `key` is what they are traded by.
    pub(crate) fn traders(&self, users: usize, jwts: usize, key: &str) -> Vec<Trader> {
        let share = users.div_ceil(SIGNERS);
        let sign = |first: usize| {
            let users = first..users.min(first + share);
            let trader = |user| Trader {
                jwts: (0..jwts).map(|number| self.sign(user, number)).collect(),
                key: key.to_owned(),
            };
            users.map(trader).collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            let signers: Vec<_> =
                (0..users).step_by(share).map(|first| scope.spawn(move || sign(first))).collect();
            signers.into_iter().flat_map(|signer| signer.join().expect("JWTs are signed")).collect()
        })
    }

    fn sign(&self, user: usize, number: usize) -> String {
        let Self { key, url, head, now } = self;
        let claims = json!({
            "iss": url, "aud": "bench", "sub": format!("user-{user}"), "jti": number, "iat": now, "exp": now + 3600,
        });
        let message = format!("{head}.{}", BASE64URL.encode(claims.to_string()));
        let mut signature = vec![0; key.public_modulus_len()];
        let signed = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature);
        signed.expect("a signature");
        format!("{message}.{}", BASE64URL.encode(signature))
    }
}

/// A user who trades one JWT after another.
pub(crate) struct Trader {
    jwts: Vec<String>,
    key: String,
}

impl Caller for Trader {
    /// # Panics
    /// If no JWT is left: what is measured then is something else.
    fn request(&mut self) -> Request<Full<Bytes>> {
        let jwt = self.jwts.pop().expect("more JWTs than a round can trade");
        let body = json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": jwt,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        });
        call("/api/v1/sessions/exchange", &self.key, body.to_string())
    }

    fn answered(&mut self, status: StatusCode, body: &[u8]) -> bool {
        status == StatusCode::OK && body.starts_with(b"{\"jwt\":\"ey")
    }
}
