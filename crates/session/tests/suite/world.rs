//! Guard, service and clock together, and a browser's view of the answers.

use crate::service::{Mood, Service};
use authmint::{
    AuthError, AuthOptions, Session,
    error::TransportError,
    guard::{Answer, Call, Guard, Outcome, Progress, Step, TryFailed},
    protocol::{secret::RefreshToken, time::Timestamp},
};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use http::{HeaderMap, Request};
use std::time::Duration;

pub(crate) const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

pub(crate) struct World {
    pub(crate) guard: Guard,
    pub(crate) service: Service,
    pub(crate) now: Timestamp,
    /// The last part of the path of every call that was sent, tries included.
    pub(crate) calls: Vec<String>,
    pub(crate) checks: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|options| options)
    }

    pub(crate) fn with(change: impl FnOnce(AuthOptions) -> AuthOptions) -> Self {
        let options = AuthOptions::new(Service::server_key()).base_url(crate::service::ISSUER);
        let guard = Guard::new(&change(options), [3; 32]).expect("the options hold together");
        Self { guard, service: Service::new(), now: START, calls: Vec::new(), checks: 0 }
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }

    pub(crate) fn sign_in(&mut self) -> (String, RefreshToken) {
        self.service.sign_in(self.now)
    }

    /// Serves a request to its end.
    pub(crate) fn get(&mut self, request: &Request<()>) -> Outcome {
        let step = self.guard.begin(request, self.now);
        self.run(step)
    }

    pub(crate) fn run(&mut self, mut step: Step) -> Outcome {
        loop {
            step = match step {
                Step::Done(outcome) => {
                    if let Some(call) = self.guard.upkeep(self.now) {
                        self.drive(call);
                    }
                    return outcome;
                }
                Step::Send(call, waiting) => {
                    let answer = self.drive(call);
                    waiting.receive(&self.guard, answer, self.now)
                }
                Step::Check(waiting) => {
                    self.checks += 1;
                    let check = waiting.check();
                    let authmint::protocol::jwk::KeyMaterial::Es256(point) = check.key.material() else {
                        panic!("the service signs with ES256");
                    };
                    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                    let holds = key.verify(&check.message, &check.signature).is_ok();
                    waiting.receive(&self.guard, holds, self.now)
                }
            }
        }
    }

    /// Sends a call until it is settled; the clock moves by its pauses and by tries that time out.
    pub(crate) fn drive(&mut self, mut call: Call) -> Answer {
        loop {
            self.now = self.now.after(call.pause());
            let request = call.request(&self.guard);
            self.calls.push(request.uri().path().rsplit('/').next().unwrap_or_default().to_owned());
            let limit = call.limit(&self.guard, self.now);
            let result = match (self.service.handle(&request, self.now), &self.service.mood) {
                (Some(reply), _) => Ok(reply),
                (None, Mood::Unreachable) => {
                    Err(TryFailed::Transport(TransportError::new("connection refused")))
                }
                (None, _) => {
                    self.now = self.now.after(limit);
                    Err(TryFailed::TimedOut)
                }
            };
            match call.receive(&self.guard, result, self.now) {
                Progress::Settled(answer) => return answer,
                Progress::Again(again) => call = again,
            }
        }
    }

    /// Follows the revocation feed until it is up to date, or a poll fails, or there is nothing to follow.
    pub(crate) fn follow(&mut self) -> Option<Answer> {
        loop {
            let call = self.guard.follow(self.now)?;
            let behind = call.pause().is_zero();
            let answer = self.drive(call);
            let more = self.guard.follow(self.now).is_some_and(|next| next.pause().is_zero());
            if !(behind && more) {
                return Some(answer);
            }
        }
    }

    /// How many calls of this kind were sent since the last question.
    pub(crate) fn sent(&mut self, path: &str) -> usize {
        let count = self.calls.iter().filter(|call| *call == path).count();
        self.calls.retain(|call| call != path);
        count
    }
}

/// A top-level navigation with these cookies.
pub(crate) fn page(cookies: &str) -> Request<()> {
    request(cookies, &[("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")])
}

/// A request that a script made in the background.
pub(crate) fn background(cookies: &str) -> Request<()> {
    request(cookies, &[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors")])
}

pub(crate) fn request(cookies: &str, headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    let map = request.headers_mut();
    map.insert("host", "app.example.com".parse().unwrap());
    if !cookies.is_empty() {
        map.insert("cookie", cookies.parse().unwrap());
    }
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    request
}

/// The plain pair as a `Cookie` header.
pub(crate) fn plain(jwt: &str, token: &RefreshToken) -> String {
    format!("crossmint-jwt={jwt}; crossmint-refresh-token={}", token.reveal())
}

/// The scoped pair as a `Cookie` header.
pub(crate) fn scoped(jwt: &str, token: &RefreshToken) -> String {
    let project = crate::service::PROJECT;
    format!("crossmint-jwt-{project}={jwt}; crossmint-refresh-token-{project}={}", token.reveal())
}

/// Name, value and attributes of every cookie that the outcome sets.
pub(crate) fn set(outcome: &Outcome) -> Vec<(String, String, String)> {
    let read = |value: &http::HeaderValue| {
        let text = value.to_str().expect("cookies are ASCII").to_owned();
        let (pair, attributes) = text.split_once("; ").expect("attributes are always written");
        let (name, value) = pair.split_once('=').expect("a pair");
        (name.to_owned(), value.to_owned(), attributes.to_owned())
    };
    outcome.cookies.values().map(read).collect()
}

/// The names of the cookies that the outcome removes.
pub(crate) fn cleared(outcome: &Outcome) -> Vec<String> {
    set(outcome).into_iter().filter(|(_, value, _)| value.is_empty()).map(|(name, ..)| name).collect()
}

pub(crate) fn applied(outcome: &Outcome, mut headers: HeaderMap) -> HeaderMap {
    outcome.cookies.apply(&mut headers);
    headers
}

pub(crate) fn session(outcome: &Outcome) -> &Session {
    outcome.session.as_ref().expect("a session")
}

pub(crate) fn error(outcome: &Outcome) -> &AuthError {
    outcome.session.as_ref().expect_err("no session")
}
