//! What the fuzzer makes of its bytes: who asks what, with which cookies, and what the service answers.

use arbitrary::Arbitrary;
use authmint::protocol::{
    id::{ProjectId, SessionId},
    refresh_token::RefreshClaims,
    secret::RefreshToken,
};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use std::sync::LazyLock;

pub(crate) const BASE: &str = "https://auth.example.com";
pub(crate) const PROJECT: ProjectId = ProjectId::from_bytes([7; 16]);
pub(crate) const START: i64 = 1_800_000_000;

#[derive(Arbitrary, Debug)]
pub(crate) struct Input {
    pub(crate) revocation: u8,
    pub(crate) cookie_domain: bool,
    pub(crate) jwts: Vec<Minted>,
    pub(crate) actions: Vec<Action>,
}

/// A JWT that goes around in this world.
#[derive(Arbitrary, Debug, Clone)]
pub(crate) struct Minted {
    /// Whose signature: two keys of the service, or a stranger's under a name of theirs or a name of its own.
    pub(crate) key: u8,
    pub(crate) session: u8,
    pub(crate) user: u8,
    pub(crate) issued: i16,
    pub(crate) life: u16,
    pub(crate) fault: u8,
}

#[derive(Arbitrary, Debug)]
pub(crate) enum Action {
    Seconds(u16),
    Hours(u8),
    Converse { how: How, head: Head, replies: Vec<Reply> },
    SignOut { head: Head, replies: Vec<Reply> },
    SignOutWith(Token, Vec<Reply>),
    Poll(Vec<Reply>),
    Upkeep(Vec<Reply>),
    Profile { id: u8, replies: Vec<Reply> },
}

#[derive(Arbitrary, Debug)]
pub(crate) enum How {
    Serve,
    Peek,
    Renew(Option<Token>),
    Exchange(Token),
    Store(u8, Token),
    With(Option<u8>, Option<Token>),
}

#[derive(Arbitrary, Debug)]
pub(crate) struct Head {
    pub(crate) cookies: Vec<(u8, Cookie)>,
    pub(crate) raw: Option<Vec<u8>>,
    pub(crate) destination: u8,
    pub(crate) prefetch: bool,
    pub(crate) host: u8,
}

#[derive(Arbitrary, Debug)]
pub(crate) enum Cookie {
    Jwt(u8),
    Token(Token),
    Bytes(Vec<u8>),
}

#[derive(Arbitrary, Debug, Clone)]
pub(crate) enum Token {
    Known { session: u8, generation: u8 },
    Text(String),
}

#[derive(Arbitrary, Debug, Clone)]
pub(crate) enum Reply {
    Material { jwt: u8, token: Token, expires: u8 },
    Refused(u8),
    Status { status: u16, code: u8, retry_after: Option<u16> },
    Keys { which: u8, max_age: Option<u16> },
    Page { entries: Vec<Entry>, more: bool, cursor: String },
    Profile(u8),
    Bytes { status: u16, body: Vec<u8> },
    TimedOut,
    Broken,
}

#[derive(Arbitrary, Debug, Clone)]
pub(crate) enum Entry {
    Session(u8),
    User(u8, i16),
    Key(u8),
    Other(u8, String, i64, i64),
}

/// What the fuzzer made of one JWT, and what is true of it.
pub(crate) struct Known {
    pub(crate) text: String,
    pub(crate) kid: String,
    /// Signed by a key of the service, for this project, by this issuer, as a session's.
    pub(crate) sound: bool,
    pub(crate) session: SessionId,
    pub(crate) user: String,
    pub(crate) issued: i64,
    pub(crate) expires: i64,
}

pub(crate) static KEYS: LazyLock<[Ed25519KeyPair; 3]> =
    LazyLock::new(|| [1, 2, 3].map(|seed| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed")));

pub(crate) fn session_id(number: u8) -> SessionId {
    SessionId::from_bytes([number % 3 + 1; 16])
}

pub(crate) fn user_id(number: u8) -> String {
    format!("0000000{}-0000-4000-8000-000000000000", number % 2)
}

impl Minted {
    pub(crate) fn mint(&self) -> Known {
        let (key, kid) = [(0, "one"), (1, "two"), (2, "one"), (2, "three")][usize::from(self.key % 4)];
        let issued = START + i64::from(self.issued);
        let expires = issued + i64::from(self.life ^ 900);
        let (mut issuer, mut audience) = (BASE.to_owned(), PROJECT.to_string());
        let mut claims = json!({});
        match self.fault % 8 {
            1 => issuer.push('/'),
            2 => audience = ProjectId::from_bytes([8; 16]).to_string(),
            3 => claims["nonce"] = json!("n"),
            4 => claims["nbf"] = json!(expires + 100_000),
            _ => {}
        }
        let sound = key < 2 && !(1..=4).contains(&(self.fault % 8));
        let (session, user) = (session_id(self.session), user_id(self.user));
        claims["sub"] = json!(user);
        claims["sid"] = json!(session.to_string());
        claims["iss"] = json!(issuer);
        claims["aud"] = json!(audience);
        claims["iat"] = json!(issued);
        claims["exp"] = json!(expires);
        let header = json!({ "alg": "EdDSA", "kid": kid, "typ": "JWT" });
        let message =
            format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
        let signature = BASE64URL.encode(KEYS[key].sign(message.as_bytes()));
        Known {
            text: format!("{message}.{signature}"),
            kid: kid.to_owned(),
            sound,
            session,
            user,
            issued,
            expires,
        }
    }
}

impl Token {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Known { session, generation } => {
                let generation = u32::from(generation % 4);
                let session_id = session_id(*session);
                let claims =
                    RefreshClaims { key_id: 1, project_id: PROJECT, session_id, generation, branch: 1 };
                claims.write(|_| [9; 32]).reveal().to_owned()
            }
        }
    }

    pub(crate) fn secret(&self) -> RefreshToken {
        RefreshToken::new(self.text())
    }
}

impl Entry {
    pub(crate) fn json(&self) -> Value {
        let entry = |kind: &str, id: String, at: i64| json!({ "kind": kind, "id": id, "ended_at": at, "expires_at": at.saturating_add(3600) });
        match self {
            Self::Session(number) => entry("session", session_id(*number).to_string(), START),
            Self::User(number, at) => entry("user", user_id(*number), START + i64::from(*at)),
            Self::Key(number) => entry("key", ["one", "two"][usize::from(number % 2)].to_owned(), START),
            Self::Other(kind, id, at, until) => {
                let kind = ["comet", "session", ""][usize::from(kind % 3)];
                json!({ "kind": kind, "id": format!("no-{id}"), "ended_at": at, "expires_at": until })
            }
        }
    }
}
