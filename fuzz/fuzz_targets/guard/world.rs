//! The guard, its host, and what an honest observer of both would take down.

use crate::input::{
    BASE, Cookie, Entry, Head, Input, KEYS, Known, Minted, PROJECT, Reply, START, Token, session_id, user_id,
};
use authmint::{
    AuthOptions, CookieOptions, Revocation,
    error::TransportError,
    guard::{Answer, Call, Guard, Outcome, Progress, Step, TryFailed},
    protocol::{
        ErrorCode,
        api_key::{self, Environment, Usage},
        cookie::CookieNames,
        id::SessionId,
        refresh_token::unverified_session_id,
        secret::RefreshToken,
        time::Timestamp,
        token::native,
    },
};
use aws_lc_rs::signature::KeyPair as _;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// The guard and the truth about its world, kept on the side.
pub(crate) struct World {
    pub(crate) guard: Guard,
    pub(crate) now: Timestamp,
    pub(crate) jwts: Vec<Known>,
    pub(crate) names: [CookieNames; 2],
    pub(crate) required: bool,
    pub(crate) shared_domain: bool,
    /// Texts of JWTs whose signature this host vouched for.
    pub(crate) vouched: HashSet<String>,
    pub(crate) served_kids: HashSet<String>,
    pub(crate) revoked_kids: HashSet<String>,
    pub(crate) ended: HashSet<SessionId>,
    pub(crate) ended_users: HashMap<String, i64>,
    /// Sessions that were signed out here, if this guard knew them.
    pub(crate) signed_out: HashSet<SessionId>,
    /// Tokens that are of no more use for good, and when that was learnt.
    pub(crate) dead: HashMap<String, Timestamp>,
    /// Tokens that are refused for a while, for whatever reason.
    pub(crate) refused: HashMap<String, Timestamp>,
    /// What the service answered to which token.
    pub(crate) material: HashMap<String, HashSet<(String, String)>>,
    pub(crate) heard_at: Option<Timestamp>,
}

impl World {
    pub(crate) fn new(input: &Input) -> Self {
        let revocation = [Revocation::BestEffort, Revocation::Required, Revocation::Off]
            [usize::from(input.revocation % 3)];
        let key = api_key::write(Usage::Server, Environment::Staging, PROJECT, [1; 16], |_| [2; 64]);
        let domain = input.cookie_domain.then(|| "example.com".to_owned());
        let options = AuthOptions::new(key.reveal())
            .base_url(BASE)
            .cookies(CookieOptions { domain, ..CookieOptions::default() })
            .jwt_capacity(8)
            .revocation(revocation);
        Self {
            guard: Guard::new(&options, [5; 32]).expect("the options hold together"),
            now: Timestamp::from_unix_seconds(START),
            jwts: input.jwts.iter().take(8).map(Minted::mint).collect(),
            names: [CookieNames::scoped(PROJECT), CookieNames::plain("")],
            required: revocation == Revocation::Required,
            shared_domain: input.cookie_domain,
            vouched: HashSet::new(),
            served_kids: HashSet::new(),
            revoked_kids: HashSet::new(),
            ended: HashSet::new(),
            ended_users: HashMap::new(),
            signed_out: HashSet::new(),
            dead: HashMap::new(),
            refused: HashMap::new(),
            material: HashMap::new(),
            heard_at: None,
        }
    }

    pub(crate) fn jwt(&self, index: u8) -> String {
        match self.jwts.len() {
            0 => "ey".to_owned(),
            len => self.jwts[usize::from(index) % len].text.clone(),
        }
    }

    pub(crate) fn head(&self, head: &Head) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &head.cookies {
            let names = &self.names[usize::from(name % 2)];
            let name = if name % 4 < 2 { &names.jwt } else { &names.refresh_token };
            let mut bytes = format!("{name}=").into_bytes();
            match value {
                Cookie::Jwt(index) => bytes.extend(self.jwt(*index).into_bytes()),
                Cookie::Token(token) => bytes.extend(token.text().into_bytes()),
                Cookie::Bytes(given) => bytes.extend(given),
            }
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.append(header::COOKIE, value);
            }
        }
        if let Some(value) = head.raw.as_ref().and_then(|raw| HeaderValue::from_bytes(raw).ok()) {
            headers.append(header::COOKIE, value);
        }
        let mut put =
            |name: &'static str, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
        match head.destination % 3 {
            0 => put("sec-fetch-dest", "document"),
            1 => put("sec-fetch-dest", "empty"),
            _ => None,
        };
        if head.prefetch {
            put("sec-purpose", "prefetch;prerender");
        }
        put("host", ["app.example.com", "localhost:3000", "[::1]:1", ""][usize::from(head.host % 4)]);
        headers
    }

    pub(crate) fn body_of(&self, reply: &Reply) -> Option<Response<Bytes>> {
        let answer = |status: u16, body: String| {
            let mut response = Response::new(Bytes::from(body));
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
            response
        };
        let problem = |code: &str| json!({ "error": true, "message": "no", "code": code }).to_string();
        Some(match reply {
            Reply::Material { jwt, token, expires } => {
                let expires =
                    ["2027-02-01T00:00:00Z", "2027-02-01T00:00:00.5Z", "soon"][usize::from(*expires % 5) / 2];
                let known = (!self.jwts.is_empty()).then(|| &self.jwts[usize::from(*jwt) % self.jwts.len()]);
                let user = known.map_or_else(|| user_id(0), |known| known.user.clone());
                let refresh = json!({ "secret": token.text(), "expiresAt": expires });
                answer(
                    200,
                    json!({ "jwt": self.jwt(*jwt), "refresh": refresh, "user": { "id": user } }).to_string(),
                )
            }
            Reply::Refused(code) => answer(401, problem(ErrorCode::ALL[usize::from(code % 9)].as_str())),
            Reply::Status { status, code, retry_after } => {
                let code = ErrorCode::ALL[usize::from(*code) % ErrorCode::ALL.len()].as_str();
                let mut response = answer(100 + status % 500, problem(code));
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
                }
                response
            }
            Reply::Keys { which, max_age } => {
                let jwk = |key: usize, kid: &str| json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64URL.encode(KEYS[key].public_key()), "kid": kid });
                let keys =
                    [vec![jwk(0, "one")], vec![jwk(0, "one"), jwk(1, "two")], vec![jwk(1, "two")], vec![]];
                let mut response = answer(200, json!({ "keys": keys[usize::from(which % 4)] }).to_string());
                if let Some(age) = max_age {
                    let value = HeaderValue::from_str(&format!("public, max-age={age}")).expect("ASCII");
                    response.headers_mut().insert(header::CACHE_CONTROL, value);
                }
                response
            }
            Reply::Page { entries, more, cursor } => {
                let entries: Vec<_> = entries.iter().map(|entry| entry.json()).collect();
                let page = json!({ "entries": entries, "cursor": cursor, "snapshot": false, "more": more });
                answer(200, page.to_string())
            }
            Reply::Profile(id) => {
                answer(200, json!({ "id": user_id(*id), "email": "a@example.com" }).to_string())
            }
            Reply::Bytes { status, body } => {
                let mut response = answer(100 + status % 500, String::new());
                *response.body_mut() = Bytes::from(body.clone());
                response
            }
            Reply::TimedOut | Reply::Broken => return None,
        })
    }

    /// Sends a call until it is settled, and takes down what an honest observer of the wire would.
    pub(crate) fn send(&mut self, mut call: Call, replies: &mut dyn Iterator<Item = Reply>) -> Answer {
        if let Some(answer) = call.known(&self.guard, self.now) {
            return answer;
        }
        for _ in 0..64 {
            self.now = self.now.after(call.pause());
            let request = call.request(&self.guard);
            let asked = self.must_be_addressed(&request);
            let limit = call.limit(&self.guard, self.now);
            let reply = replies.next().unwrap_or_else(|| self.usual(&asked.0));
            let result = match (self.body_of(&reply), &reply) {
                (Some(response), _) => Ok(response),
                (None, Reply::Broken) => Err(TryFailed::Transport(TransportError::new("connection refused"))),
                (None, _) => {
                    self.now = self.now.after(limit);
                    Err(TryFailed::TimedOut)
                }
            };
            match call.receive(&self.guard, result, self.now) {
                Progress::Again(again) => call = again,
                Progress::Settled(answer) => {
                    self.note(&asked, &reply, &answer);
                    return answer;
                }
            }
        }
        panic!("a call is tried for ever");
    }

    /// What a service in good health answers, where the input says nothing: so that short inputs tell long stories.
    fn usual(&self, path: &str) -> Reply {
        let known = (0_u8..).zip(&self.jwts).find(|(_, known)| known.sound);
        match path.rsplit('/').next() {
            Some("jwks.json") => Reply::Keys { which: 1, max_age: None },
            Some("revocations") => {
                let entries = self.jwts.first().map(|known| Entry::Session(known.session.as_bytes()[0] - 1));
                Reply::Page { entries: entries.into_iter().collect(), more: false, cursor: "c".to_owned() }
            }
            Some("refresh") if known.is_some() => {
                let jwt = known.map_or(0, |(index, _)| index);
                let token = Token::Known {
                    session: self.jwts[usize::from(jwt)].session.as_bytes()[0] - 1,
                    generation: 1,
                };
                Reply::Material { jwt, token, expires: 0 }
            }
            _ => Reply::TimedOut,
        }
    }

    /// Every request goes to the service alone, and carries no more than it must; gives path and token.
    pub(crate) fn must_be_addressed(&self, request: &Request<Bytes>) -> (String, Option<String>) {
        let uri = request.uri();
        assert_eq!(
            format!("{}://{}", uri.scheme().expect("a scheme"), uri.authority().expect("a host")),
            BASE
        );
        assert!(!request.headers().contains_key(header::COOKIE));
        assert!(
            uri.path().ends_with("/revocations") || uri.query().is_none(),
            "nothing of a request goes into a URL"
        );
        if let Some(key) = request.headers().get("x-api-key") {
            assert!(key.is_sensitive() && !uri.path().ends_with("jwks.json"));
        }
        let token = (request.method() == Method::POST).then(|| {
            let body: Value = serde_json::from_slice(request.body()).expect("JSON");
            body["refresh"].as_str().expect("a token").to_owned()
        });
        if let (true, Some(token)) = (uri.path().ends_with("/refresh"), &token) {
            let refused =
                self.refused.get(token).is_some_and(|at| self.now.since(*at) < Duration::from_secs(599));
            assert!(!refused, "a token that was refused is sent again");
        }
        (uri.path().to_owned(), token)
    }

    pub(crate) fn note(&mut self, (path, token): &(String, Option<String>), reply: &Reply, answer: &Answer) {
        match (answer, reply, token) {
            (Answer::Refused(code), _, Some(token)) => {
                self.refused.insert(token.clone(), self.now);
                if code.is_terminal() {
                    self.dead.insert(token.clone(), self.now);
                }
                let of_genuine =
                    [ErrorCode::RefreshUnknown, ErrorCode::SessionExpired, ErrorCode::SessionRevoked];
                if of_genuine.contains(code) {
                    self.ended.extend(unverified_session_id(&RefreshToken::new(token.clone())));
                }
            }
            (Answer::Renewed(material), _, Some(asked)) => {
                let pair = (material.jwt.reveal().to_owned(), material.refresh_token.reveal().to_owned());
                self.material.entry(asked.clone()).or_default().insert(pair);
            }
            (Answer::Keys, Reply::Keys { which, .. }, _) => {
                let kids = [&["one"][..], &["one", "two"], &["two"], &[]][usize::from(which % 4)];
                self.served_kids.extend(kids.iter().map(|kid| (*kid).to_owned()));
            }
            (Answer::Heard, Reply::Page { entries, more, .. }, _) => self.heard(entries, *more),
            (Answer::Heard | Answer::Keys, _, _) => {
                // The fuzzer wrote such an answer byte by byte; what it says is not known on this side.
                self.heard_at = Some(self.now);
                self.served_kids.extend(["one", "two"].map(str::to_owned));
            }
            (Answer::User(user), ..) => assert!(path.ends_with(&user.id), "another user's profile"),
            _ => {}
        }
    }

    pub(crate) fn heard(&mut self, entries: &[Entry], more: bool) {
        for entry in entries {
            match entry {
                Entry::Session(number) => {
                    self.ended.insert(session_id(*number));
                }
                Entry::User(number, at) => {
                    let at = START + i64::from(*at);
                    let known = self.ended_users.entry(user_id(*number)).or_insert(at);
                    *known = at.max(*known);
                }
                Entry::Key(number) => {
                    self.revoked_kids.insert(["one", "two"][usize::from(number % 2)].to_owned());
                }
                Entry::Other(..) => {}
            }
        }
        if !more {
            self.heard_at = Some(self.now);
        }
    }

    pub(crate) fn run(
        &mut self,
        mut step: Step,
        replies: &mut dyn Iterator<Item = Reply>,
        may_post: bool,
    ) -> Outcome {
        for _ in 0..32 {
            step = match step {
                Step::Done(outcome) => return outcome,
                Step::Send(call, waiting) => {
                    assert!(
                        may_post || call.request(&self.guard).method() == Method::GET,
                        "a look changes something"
                    );
                    let answer = self.send(call, replies);
                    waiting.receive(&self.guard, answer, self.now)
                }
                Step::Check(waiting) => {
                    let check = waiting.check();
                    let holds = native::check(check);
                    if holds {
                        let message = String::from_utf8(check.message.clone()).expect("ASCII");
                        self.vouched.insert(format!("{message}.{}", BASE64URL.encode(&check.signature)));
                    }
                    waiting.receive(&self.guard, holds, self.now)
                }
            };
        }
        panic!("a conversation goes on for ever");
    }

    /// The token was signed out with here.
    pub(crate) fn forget(&mut self, token: &str) {
        self.dead.insert(token.to_owned(), self.now);
        self.refused.insert(token.to_owned(), self.now);
        for (jwt, _) in self.material.get(token).into_iter().flatten() {
            let known = self.jwts.iter().filter(|known| known.text == *jwt);
            self.signed_out.extend(known.map(|known| known.session));
        }
    }
}
