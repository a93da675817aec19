//! Exchanges over loopback HTTP: every request trades another JWT of an issuer that the project trusts, of a user who is known.
//!
//! The load generator signs them on the same cores, which is counted against the service.

use crate::{load::Caller, service::call};
use authmint_domain::{
    flow::admin::issuer,
    model::{assertion::Reuse, grant::OperatorGrant},
    port::Clock as _,
};
use authmint_protocol::{id::ProjectId, issuer::IssuerTerms};
use authmint_server::App;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::{Json, Router, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde_json::json;
use std::sync::Arc;
use tokio::net::TcpListener;

/// An issuer with one key, and what its JWTs begin with.
pub(crate) struct Issuer {
    key: Ed25519KeyPair,
    url: String,
    head: String,
    now: i64,
}

/// Starts an issuer and has the project trust it.
pub(crate) async fn trusted(app: &App) -> Arc<Issuer> {
    let key = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).expect("a seed has 32 bytes");
    let x = BASE64URL.encode(key.public_key().as_ref());
    let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "1", "x": x }] });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/keys", get(async move || Json(keys)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let terms = IssuerTerms::new(url.clone(), "bench").jwks_uri(format!("{url}/keys"));
    let grant = OperatorGrant::command_line().manage(ProjectId::from_bytes([1; 16]));
    issuer::add(app.context(), &grant, "bench".to_owned(), (terms, Reuse::Never)).await.expect("an issuer");
    let head = BASE64URL.encode(json!({ "alg": "EdDSA", "kid": "1", "typ": "JWT" }).to_string());
    Arc::new(Issuer { key, url, head, now: app.context().clock.now().unix_seconds() })
}

/// A user who trades one JWT after another.
pub(crate) struct Trader {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) user: usize,
    pub(crate) key: String,
    pub(crate) traded: u64,
}

impl Caller for Trader {
    fn request(&mut self) -> Request<Full<Bytes>> {
        let Issuer { key, url, head, now } = &*self.issuer;
        self.traded += 1;
        let claims = json!({
            "iss": url, "aud": "bench", "sub": format!("user-{}", self.user), "jti": self.traded,
            "iat": now, "exp": now + 3600,
        });
        let message = format!("{head}.{}", BASE64URL.encode(claims.to_string()));
        let signature = BASE64URL.encode(key.sign(message.as_bytes()).as_ref());
        let body = json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": format!("{message}.{signature}"),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        });
        call("/api/v1/sessions/exchange", &self.key, body.to_string())
    }

    fn answered(&mut self, status: StatusCode, body: &[u8]) -> bool {
        status == StatusCode::OK && body.starts_with(b"{\"jwt\":\"ey")
    }
}
