//! A service as small as the tests allow: real signatures and tokens, the simplest rule of rotation.

use authmint::protocol::{
    ErrorCode,
    api_key::{self, Environment, Usage},
    id::{ProjectId, SessionId},
    pkce,
    refresh_token::{OneTimeClaims, RefreshClaims, UnverifiedRefresh},
    secret::{OneTimeSecret, RefreshToken},
    time::Timestamp,
    wire::problem::Problem,
};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const PROJECT: ProjectId = ProjectId::from_bytes([0xaa; 16]);
pub(crate) const USER: &str = "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a";
/// The one authorization code that it gives.
pub(crate) const CODE: &str = "the-code";
pub(crate) const JWT_LIFE: Duration = Duration::from_secs(900);
const IDLE: Duration = Duration::from_secs(30 * 86_400);

/// How the service behaves for the next calls.
#[derive(Clone)]
pub(crate) enum Mood {
    Well,
    /// It answers with this status and body.
    Answers(u16, &'static str),
    /// The same, with `Retry-After`.
    Busy(u16, u64),
    /// The answer never comes, though the call arrived.
    Silent,
    /// The connection fails.
    Unreachable,
}

pub(crate) struct Service {
    key: EcdsaKeyPair,
    pub(crate) kid: String,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) jwt_life: Duration,
    /// Answers a refresh with the token that was sent, as a young session does.
    pub(crate) young: bool,
    pub(crate) mood: Mood,
    pub(crate) max_age: u64,
    /// What ended: kind, ID, when.
    pub(crate) feed: Vec<(&'static str, String, Timestamp)>,
    generations: HashMap<SessionId, u32>,
    refusals: HashMap<SessionId, ErrorCode>,
    next_session: u8,
    /// Challenge and redirect URI of the sign-in that [`CODE`] ended.
    pub(crate) sign_in_of: Option<(String, String)>,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            kid: "first".into(),
            issuer: ISSUER.into(),
            audience: PROJECT.to_string(),
            jwt_life: JWT_LIFE,
            young: false,
            mood: Mood::Well,
            max_age: 300,
            feed: Vec::new(),
            generations: HashMap::new(),
            refusals: HashMap::new(),
            next_session: 1,
            sign_in_of: None,
        }
    }

    pub(crate) fn server_key() -> String {
        api_key::write(Usage::Server, Environment::Development, PROJECT, [7; 16], |_| [0; 64])
            .reveal()
            .to_owned()
    }

    pub(crate) fn client_key() -> String {
        Self::client_key_of(PROJECT)
    }

    pub(crate) fn client_key_of(project: ProjectId) -> String {
        api_key::write(Usage::Client, Environment::Development, project, [8; 16], |_| [0; 64])
            .reveal()
            .to_owned()
    }

    pub(crate) fn change_key(&mut self, kid: &str) {
        *self = Self { kid: kid.into(), key: Self::new().key, ..std::mem::replace(self, Self::new()) };
    }

    /// A signed-in jar: a JWT and a refresh token.
    pub(crate) fn sign_in(&mut self, now: Timestamp) -> (String, RefreshToken) {
        let session = SessionId::from_bytes([self.next_session; 16]);
        self.next_session += 1;
        self.generations.insert(session, 1);
        (self.jwt(session, now), token(session, 1))
    }

    pub(crate) fn jwt(&self, session: SessionId, now: Timestamp) -> String {
        self.sign(&self.claims(session, now))
    }

    pub(crate) fn claims(&self, session: SessionId, now: Timestamp) -> Value {
        json!({
            "iss": self.issuer, "aud": self.audience, "sub": USER, "sid": session.to_string(),
            "iat": now.unix_seconds(), "exp": now.after(self.jwt_life).unix_seconds(),
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "kid": self.kid, "typ": "JWT" });
        let text =
            format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", BASE64URL.encode(signature))
    }

    pub(crate) fn key_set(&self) -> String {
        let point = self.key.public_key().as_ref();
        let coordinate = |bytes: &[u8]| BASE64URL.encode(bytes);
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid,
            "x": coordinate(&point[1..33]), "y": coordinate(&point[33..]),
        }], "max_age": self.max_age })
        .to_string()
    }

    /// From now on refuses every refresh of the session.
    pub(crate) fn refuse(&mut self, token: &RefreshToken, code: ErrorCode) {
        self.refusals.insert(session_of(token), code);
    }

    /// Ends a session as another server's sign-out does.
    pub(crate) fn end(&mut self, token: &RefreshToken, now: Timestamp) {
        self.refuse(token, ErrorCode::SessionRevoked);
        self.feed.push(("session", session_of(token).to_string(), now));
    }

    /// A page of at most two entries, after the cursor `c<number>`.
    fn feed_page(&self, query: &str) -> Value {
        let cursor = query.strip_prefix("cursor=c").and_then(|rest| rest.split('&').next()?.parse().ok());
        let entries = self.feed.iter().skip(cursor.unwrap_or(0)).take(2).map(|(kind, id, at)| {
            let at = at.unix_seconds();
            json!({ "kind": kind, "id": id, "ended_at": at, "expires_at": at + 3660 })
        });
        let entries: Vec<_> = entries.collect();
        let position = cursor.unwrap_or(0) + entries.len();
        json!({
            "entries": entries, "cursor": format!("c{position}"),
            "snapshot": cursor.is_none(), "more": position < self.feed.len(),
        })
    }

    /// The reply; none if it is lost on the way.
    pub(crate) fn handle(&mut self, request: &Request<Bytes>, now: Timestamp) -> Option<Response<Bytes>> {
        match self.mood.clone() {
            Mood::Well => {}
            Mood::Answers(status, body) => return Some(reply(status, body)),
            Mood::Busy(status, seconds) => {
                let mut busy = reply(status, "{}");
                busy.headers_mut().insert("retry-after", seconds.into());
                return Some(busy);
            }
            Mood::Silent | Mood::Unreachable => return None,
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        let sent = RefreshToken::new(body["refresh"].as_str().unwrap_or_default().to_owned());
        Some(match request.uri().path().rsplit('/').next().unwrap_or_default() {
            "jwks.json" => {
                let mut keys = reply(200, &self.key_set());
                let age = format!("public, max-age={}", self.max_age).parse().unwrap();
                keys.headers_mut().insert("cache-control", age);
                keys
            }
            "refresh" => self.refresh(&sent, now),
            "sessions" => self.trade(&body, now),
            "revocations" => {
                reply(200, &self.feed_page(request.uri().query().unwrap_or_default()).to_string())
            }
            "logout" => {
                if let Ok(UnverifiedRefresh::Token(claims, _)) = UnverifiedRefresh::parse(sent.reveal()) {
                    self.refusals.insert(claims.session_id, ErrorCode::SessionRevoked);
                }
                reply(200, "{}")
            }
            id => reply(200, &json!({ "id": id, "email": "ada@example.com" }).to_string()),
        })
    }

    /// Trades [`CODE`] for a session, if it comes with what the sign-in began with.
    fn trade(&mut self, body: &Value, now: Timestamp) -> Response<Bytes> {
        let verifier = body["code_verifier"].as_str().unwrap_or_default();
        let challenge = pkce::challenge_of(verifier).unwrap_or_default();
        let begun = self.sign_in_of.as_ref();
        let genuine = begun.is_some_and(|(known, uri)| *known == challenge && body["redirect_uri"] == **uri);
        if body["code"] != CODE || !genuine {
            return problem(ErrorCode::OneTimeSecretInvalid);
        }
        self.refresh(&RefreshToken::new(one_time_secret().reveal().to_owned()), now)
    }

    fn refresh(&mut self, sent: &RefreshToken, now: Timestamp) -> Response<Bytes> {
        let (session, generation) = match UnverifiedRefresh::parse(sent.reveal()) {
            Ok(UnverifiedRefresh::Token(claims, mac)) if mac.tag() == [1; 32] => {
                (claims.session_id, claims.generation)
            }
            Ok(UnverifiedRefresh::OneTime(claims, _)) => {
                (SessionId::from_bytes(*claims.secret_id.as_bytes()), 0)
            }
            _ => return problem(ErrorCode::RefreshMalformed),
        };
        if let Some(code) = self.refusals.get(&session) {
            return problem(*code);
        }
        let current = self.generations.entry(session).or_insert(0);
        let answer = if self.young && generation > 0 { generation } else { generation + 1 };
        *current = (*current).max(answer);
        let expires_at = now.after(IDLE).to_iso8601();
        let answer = json!({
            "jwt": self.jwt(session, now), "user": { "id": USER, "email": "ada@example.com" },
            "refresh": { "secret": token(session, answer).reveal(), "expiresAt": expires_at },
        });
        reply(200, &answer.to_string())
    }
}

pub(crate) fn token(session: SessionId, generation: u32) -> RefreshToken {
    RefreshClaims { key_id: 1, project_id: PROJECT, session_id: session, generation, branch: 1 }
        .write(|_| [1; 32])
}

pub(crate) fn one_time_secret() -> OneTimeSecret {
    let secret_id = authmint::protocol::id::OneTimeSecretId::from_bytes([0x77; 16]);
    OneTimeClaims { key_id: 1, project_id: PROJECT, secret_id }.write(|_| [1; 32])
}

pub(crate) fn session_of(token: &RefreshToken) -> SessionId {
    authmint::protocol::refresh_token::unverified_session_id(token).expect("a token of this service")
}

fn problem(code: ErrorCode) -> Response<Bytes> {
    reply(code.status(), &serde_json::to_string(&Problem::new(code, "refused")).unwrap())
}

fn reply(status: u16, body: &str) -> Response<Bytes> {
    let mut reply = Response::new(Bytes::from(body.to_owned()));
    *reply.status_mut() = status.try_into().unwrap();
    reply
}
