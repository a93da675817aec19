//! The guard: a session check for a JWT that was seen before, and for one that was not.

use crate::table::Row;
use authmint::{
    IssuerTerms,
    guard::{Answer, AuthOptions, Guard, Progress, Step},
};
use authmint_domain::{
    model::{api_key, key_ring::KeyRing, refresh_token::mint_refresh_token},
    port::{ActiveKey as _, Signer as _},
};
use authmint_protocol::{
    api_key::{Environment, Usage},
    id::{ProjectId, SessionId},
    jwk::KeyMaterial,
    time::Timestamp,
    token::{Algorithm, native},
};
use authmint_server::adapter::signer::ServiceSigner;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use serde_json::{Value, json};
use std::{hint::black_box, sync::Arc, time::Instant};

const ISSUER: &str = "http://localhost:1";
const THEIRS: &str = "https://id.example";
const ROUNDS: usize = 31;
const SEEN_PER_ROUND: usize = 20_000;
const NEW_PER_ROUND: usize = 200;
const TURN: usize = 10;
/// Sessions on the revocation feed, and how many a page tells of.
const ENDED: usize = 10_000;
const PAGE: usize = 400;

/// Runs the comparison and answers its rows.
#[must_use]
pub fn run() -> Vec<Row> {
    let world = World::new();
    let seen = world.head(0);
    world.check(&seen);
    let allocations = allocation_counter::measure(|| {
        black_box(world.guard.begin(black_box(&seen), world.now));
    });
    let told = World::new();
    told.hear_of_ends();
    let told_seen = told.head(0);
    told.check(&told_seen);
    let trusting = World::trusting();
    let theirs = trusting.foreign_head();
    trusting.check_first(&theirs, &trusting.keys());
    let mut foreign = Vec::new();
    let mut with_feed = Vec::new();
    let (mut known, mut new, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // By turns, so that a noisy moment falls on both.
        known.push(time(SEEN_PER_ROUND, |_| world.check_seen(&seen)));
        foreign.push(time(SEEN_PER_ROUND, |_| trusting.check_seen(&theirs)));
        with_feed.push(time(SEEN_PER_ROUND, |_| told.check_seen(&told_seen)));
        let heads: Vec<_> = (0..NEW_PER_ROUND).map(|n| world.head(1 + round * NEW_PER_ROUND + n)).collect();
        let signed: Vec<_> = heads.iter().map(signed_bytes).collect();
        // In short turns, so that the machine's mood is the same for both.
        let (mut checking, mut verifying) = (0.0, 0.0);
        for turn in (0..NEW_PER_ROUND).collect::<Vec<_>>().chunks(TURN) {
            verifying += time(TURN, |n| {
                let (message, signature) = &signed[turn[n]];
                world.raw_key.verify_sig(black_box(message), black_box(signature)).expect("a good signature");
            });
            checking += time(TURN, |n| world.check(&heads[turn[n]]));
        }
        let turns = NEW_PER_ROUND as f64 / TURN as f64;
        raw.push(verifying / turns);
        new.push(checking / turns);
    }
    let ratio = median(new.iter().zip(&raw).map(|(new, raw)| new / raw).collect());
    let foreign_ratio = median(foreign.iter().zip(&known).map(|(theirs, ours)| theirs / ours).collect());
    let feed_ratio = median(with_feed.iter().zip(&known).map(|(with, without)| with / without).collect());
    vec![
        Row::figure("guard: begin, JWT seen before", median(known) * 1e6, "µs").at_most(1.0),
        Row::figure("guard: allocations of it", allocations.count_total as f64, "")
            .note("the refresh token in the outcome")
            .at_most(1.0),
        Row::figure("guard: JWT seen before, feed of 10,000 entries / none", feed_ratio, "x").at_most(1.1),
        Row::figure("guard: JWT of another issuer seen before / of ours", foreign_ratio, "x").at_most(1.1),
        Row::figure("guard: begin to end, new JWT (ES256)", median(new) * 1e6, "µs"),
        Row::figure("aws-lc-rs alone on the same bytes", median(raw) * 1e6, "µs"),
        Row::figure("guard: new JWT / aws-lc-rs alone", ratio, "x").at_most(1.15),
    ]
}

/// A guard that holds the key set, and a signer to make JWTs for it.
struct World {
    guard: Guard,
    signer: ServiceSigner,
    ring: KeyRing,
    project_id: ProjectId,
    raw_key: ParsedPublicKey,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let world = Self::with(|options| options);
        world.check_first(&world.head(usize::MAX), &world.keys());
        world
    }

    /// An app that trusts another issuer, whose key is called as the service's is.
    fn trusting() -> Self {
        let issuer = IssuerTerms::new(THEIRS, "shop").jwks_uri(format!("{THEIRS}/keys"));
        Self::with(|options| options.trust(issuer))
    }

    fn with(change: impl FnOnce(AuthOptions) -> AuthOptions) -> Self {
        let ring = KeyRing::single(1, &[7; 32]);
        let project_id = ProjectId::from_bytes([1; 16]);
        let signer = ServiceSigner::default();
        let generated = signer.generate(Algorithm::Es256).expect("a key");
        let kid = generated.public.thumbprint();
        let public = Arc::new(generated.public.with_kid(kid));
        signer
            .install(1, vec![Arc::clone(&public)], vec![(Arc::clone(&public), generated.pkcs8)])
            .expect("a key pair");
        let KeyMaterial::Es256(point) = public.material() else { panic!("an ES256 key") };
        let raw_key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).expect("a point");
        let key = api_key::mint(&ring, Usage::Server, Environment::Staging, project_id, [2; 16]);
        let options = AuthOptions::new(key.reveal()).base_url(ISSUER);
        let guard = Guard::new(&change(options), [3; 32]).expect("options that work");
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        Self { guard, signer, ring, project_id, raw_key, now }
    }

    /// The key set that is published.
    fn keys(&self) -> String {
        let key = self.signer.active(Algorithm::Es256).expect("a key is installed");
        json!({ "keys": [key.public().to_jwk()] }).to_string()
    }

    /// Answers the guard's first question, which is for a key set.
    fn check_first(&self, head: &HeaderMap, keys: &str) {
        let Step::Send(call, waiting) = self.guard.begin(head, self.now) else {
            panic!("it has no keys yet")
        };
        let answer = Response::new(Bytes::from(keys.to_owned()));
        let Progress::Settled(answer) = call.receive(&self.guard, Ok(answer), self.now) else {
            panic!("a good answer")
        };
        let Step::Check(waiting) = waiting.receive(&self.guard, answer, self.now) else {
            panic!("a key to check with")
        };
        let holds = native::check(waiting.check());
        let Step::Done(outcome) = waiting.receive(&self.guard, holds, self.now) else { panic!("a good JWT") };
        outcome.session.expect("a session");
    }

    /// Takes in a revocation feed of other sessions, page by page.
    fn hear_of_ends(&self) {
        let now = self.now.unix_seconds();
        for page in 0..ENDED / PAGE {
            let entries: Vec<_> = (0..PAGE)
                .map(|entry| {
                    let id = SessionId::from_bytes(((1 + page * PAGE + entry) as u128).to_be_bytes());
                    json!({ "kind": "session", "id": id.to_string(), "ended_at": now, "expires_at": now + 3660 })
                })
                .collect();
            let more = (page + 1) * PAGE < ENDED;
            let body = json!({ "entries": entries, "cursor": "1", "snapshot": page == 0, "more": more });
            let call = self.guard.follow(self.now).expect("the feed is followed");
            let answer = Response::new(Bytes::from(body.to_string()));
            let Progress::Settled(Answer::Heard) = call.receive(&self.guard, Ok(answer), self.now) else {
                panic!("a good page")
            };
        }
    }

    /// Checks a JWT that was seen before.
    fn check_seen(&self, head: &HeaderMap) {
        let Step::Done(outcome) = self.guard.begin(black_box(head), self.now) else {
            panic!("a JWT seen before is decided at once")
        };
        black_box(&outcome);
    }

    /// The head of a request with both cookies of its own session.
    fn head(&self, number: usize) -> HeaderMap {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let session_id = SessionId::from_bytes(id);
        let jwt = self.jwt(session_id);
        let token = mint_refresh_token(&self.ring, self.project_id, session_id, 3, 1);
        let cookies =
            format!("theme=dark; crossmint-jwt={jwt}; crossmint-refresh-token={}; lang=en", token.reveal());
        let mut head = HeaderMap::new();
        head.insert("host", HeaderValue::from_static("app.example"));
        head.insert("accept", HeaderValue::from_static("text/html"));
        head.insert("cookie", HeaderValue::from_str(&cookies).expect("cookies of printable text"));
        head
    }

    /// The head of a request with a JWT of another issuer.
    fn foreign_head(&self) -> HeaderMap {
        let now = self.now.unix_seconds();
        let claims = json!({
            "iss": THEIRS, "sub": "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a", "aud": "shop", "iat": now, "exp": now + 900,
            "scope": "openid profile", "jti": "00000000-0000-4000-8000-000000000001", "auth_time": now,
        });
        let mut head = HeaderMap::new();
        head.insert("host", HeaderValue::from_static("app.example"));
        head.insert("accept", HeaderValue::from_static("text/html"));
        head.insert("cookie", HeaderValue::from_static("theme=dark; lang=en"));
        let bearer = format!("Bearer {}", self.signed(&claims));
        head.insert("authorization", HeaderValue::from_str(&bearer).expect("a JWT of printable text"));
        head
    }

    fn jwt(&self, session_id: SessionId) -> String {
        let now = self.now.unix_seconds();
        self.signed(&json!({
            "iss": ISSUER, "sub": "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a", "aud": self.project_id.to_string(),
            "iat": now, "exp": now + 900, "sid": session_id.to_string(), "amr": ["otp"], "auth_time": now,
        }))
    }

    fn signed(&self, claims: &Value) -> String {
        let key = self.signer.active(Algorithm::Es256).expect("a key is installed");
        let header = json!({ "alg": "ES256", "kid": key.public().kid(), "typ": "JWT" }).to_string();
        let message = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims.to_string()));
        let signature = key.sign(message.as_bytes()).expect("a sound key");
        format!("{message}.{}", BASE64URL.encode(signature))
    }

    /// Holds a whole conversation about a JWT, as the client does.
    fn check(&self, head: &HeaderMap) {
        let outcome = match self.guard.begin(black_box(head), self.now) {
            Step::Done(outcome) => outcome,
            Step::Check(waiting) => {
                let holds = native::check(waiting.check());
                match waiting.receive(&self.guard, holds, self.now) {
                    Step::Done(outcome) => outcome,
                    _ => panic!("a good JWT needs no more"),
                }
            }
            Step::Send(..) => panic!("the keys are known"),
        };
        black_box(outcome.session.expect("a session"));
    }
}

/// The bytes and the signature of the JWT in a request, for the library alone.
fn signed_bytes(head: &HeaderMap) -> (Vec<u8>, Vec<u8>) {
    let cookies = head["cookie"].to_str().expect("printable text");
    let jwt =
        cookies.split("crossmint-jwt=").nth(1).and_then(|rest| rest.split(';').next()).expect("the cookie");
    let (message, signature) = jwt.rsplit_once('.').expect("a JWT");
    (message.as_bytes().to_vec(), BASE64URL.decode(signature).expect("base64url"))
}

/// Seconds for one of `count` runs.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn time(count: usize, mut run: impl FnMut(usize)) -> f64 {
    let start = Instant::now();
    for number in 0..count {
        run(number);
    }
    start.elapsed().as_secs_f64() / count as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
