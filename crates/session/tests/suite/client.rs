//! The host on tokio: one refresh however many want it, and nobody's going away harms the others.

use crate::{
    service::{Mood, Service, session_of},
    world::{START, background, plain, set},
};
use authmint::{
    Auth, AuthOptions, Revocation,
    client::Host,
    error::TransportError,
    protocol::{secret::RefreshToken, time::Timestamp},
};
use bytes::Bytes;
use http::{Request, Response};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// The service in the same process, on a clock that the test moves; answers wait at a gate.
#[derive(Clone)]
pub(crate) struct TestHost(Arc<Inner>);

struct Inner {
    service: Mutex<Service>,
    now: AtomicI64,
    gate: Semaphore,
    calls: Mutex<Vec<String>>,
    /// One permit lets the follower of the revocation feed go on once.
    ticks: Semaphore,
}

impl Host for TestHost {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.now.load(Ordering::SeqCst))
    }

    /// Time passes at once, except for a call whose answer the test holds back.
    async fn sleep(&self, span: Duration) {
        if self.0.gate.available_permits() == 0 {
            std::future::pending::<()>().await;
        }
        self.0.now.fetch_add(span.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }

    async fn rest(&self, _span: Duration) {
        self.0.ticks.acquire().await.unwrap().forget();
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let path = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        self.0.calls.lock().unwrap().push(path);
        let reply = self.0.service.lock().unwrap().handle(&request, self.now());
        match reply {
            Some(reply) => {
                self.0.gate.acquire().await.unwrap().forget();
                self.0.gate.add_permits(1);
                Ok(reply)
            }
            None => std::future::pending().await,
        }
    }
}

impl TestHost {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            service: Mutex::new(Service::new()),
            now: AtomicI64::new(START.unix_millis()),
            gate: Semaphore::new(1),
            calls: Mutex::default(),
            ticks: Semaphore::new(0),
        }))
    }

    pub(crate) fn auth(&self) -> Auth<Self> {
        self.auth_that(Revocation::Off)
    }

    fn auth_that(&self, revocation: Revocation) -> Auth<Self> {
        let options = AuthOptions::new(Service::server_key())
            .client_key(Service::client_key())
            .base_url(crate::service::ISSUER);
        let options = options.revocation(revocation);
        Auth::with_host(&options, [5; 32], self.clone()).expect("the options hold together")
    }

    pub(crate) fn sign_in(&self) -> (String, RefreshToken) {
        self.0.service.lock().unwrap().sign_in(self.now())
    }

    pub(crate) fn expect_sign_in(&self, challenge: &str, redirect_uri: &str) {
        let begun = Some((challenge.to_owned(), redirect_uri.to_owned()));
        self.0.service.lock().unwrap().sign_in_of = begun;
    }

    pub(crate) fn feel(&self, mood: Mood) {
        self.0.service.lock().unwrap().mood = mood;
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.0.now.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    pub(crate) fn sent(&self, path: &str) -> usize {
        self.0.calls.lock().unwrap().iter().filter(|call| *call == path).count()
    }

    /// Holds every answer back until the gate is opened.
    fn close(&self) {
        self.0.gate.forget_permits(1);
    }

    fn open(&self) {
        self.0.gate.add_permits(1);
    }
}

fn alone(token: &RefreshToken) -> Request<()> {
    background(&format!("crossmint-refresh-token={}", token.reveal()))
}

#[tokio::test]
async fn a_storm_of_fifty_is_one_refresh_and_one_answer() {
    let host = TestHost::new();
    let auth = host.auth();
    let (_, token) = host.sign_in();
    host.close();
    let storm: Vec<_> = (0..50).map(|_| tokio::spawn(auth.get_session(&alone(&token)))).collect();
    while host.sent("refresh") == 0 {
        tokio::task::yield_now().await;
    }
    host.open();
    let mut answers = Vec::new();
    for one in storm {
        answers.push(set(&one.await.unwrap()));
    }
    assert!(answers.iter().all(|answer| answer.len() == 2 && *answer == answers[0]));
    assert_eq!((host.sent("refresh"), host.sent("jwks.json")), (1, 1));
}

#[tokio::test]
async fn a_caller_who_goes_away_cancels_nobody_else() {
    let host = TestHost::new();
    let auth = host.auth();
    let (_, token) = host.sign_in();
    host.close();
    let first = tokio::spawn(auth.get_session(&alone(&token)));
    while host.sent("refresh") == 0 {
        tokio::task::yield_now().await;
    }
    let second = tokio::spawn(auth.get_session(&alone(&token)));
    first.abort();
    assert!(first.await.is_err());
    host.open();
    assert!(second.await.unwrap().session.is_ok());
    assert_eq!(host.sent("refresh"), 1);
}

#[tokio::test]
async fn threat_21_requests_of_different_users_never_share_an_answer() {
    let host = TestHost::new();
    let auth = host.auth();
    let tokens: Vec<_> = (0..20).map(|_| host.sign_in().1).collect();
    let requests: Vec<_> = tokens.iter().map(|token| tokio::spawn(auth.get_session(&alone(token)))).collect();
    for (request, token) in requests.into_iter().zip(&tokens) {
        let session = request.await.unwrap().session.unwrap();
        assert_eq!(session.session_id(), Some(session_of(token)));
    }
    assert_eq!(host.sent("refresh"), 20);
}

#[tokio::test]
async fn a_silent_service_is_given_up_in_time_and_nobody_signed_out() {
    let host = TestHost::new();
    let auth = host.auth();
    let (_, token) = host.sign_in();
    host.feel(Mood::Silent);
    let outcome = auth.get_session(&alone(&token)).await;
    assert!(outcome.session.unwrap_err().is_retryable() && outcome.cookies.is_empty());
    assert!(host.now().since(START) <= Duration::from_secs(6));
    host.feel(Mood::Well);
    assert!(auth.get_session(&alone(&token)).await.session.is_ok());
}

#[tokio::test]
async fn s1_and_s21_logout_answers_with_the_cookies_gone_even_if_the_service_is_away() {
    let host = TestHost::new();
    let auth = host.auth();
    let (jwt, token) = host.sign_in();
    let request = background(&plain(&jwt, &token));
    auth.get_session(&request).await.session.unwrap();
    host.feel(Mood::Answers(503, ""));
    let (cookies, ended) = auth.logout(&request).await;
    assert_eq!(cookies.values().count(), 2);
    assert!(ended.unwrap_err().is_retryable());
    host.feel(Mood::Well);
    assert_eq!(auth.get_session(&request).await.session.unwrap_err().code(), "session_revoked");
}

#[tokio::test]
async fn users_are_read_and_jwts_verified() {
    let host = TestHost::new();
    let auth = host.auth();
    let (jwt, _) = host.sign_in();
    assert_eq!(auth.get_user(crate::service::USER).await.unwrap().email.as_deref(), Some("ada@example.com"));
    assert_eq!(auth.get_user("x/../y?z").await.unwrap_err().code(), "user_id_invalid");
    assert_eq!(auth.verify_jwt(&jwt).await.unwrap().user_id(), crate::service::USER);
    assert_eq!(
        auth.peek(&background(&format!("crossmint-jwt={jwt}"))).await.unwrap().user_id(),
        crate::service::USER
    );
    host.pass(2_000);
    assert_eq!(auth.verify_jwt(&jwt).await.unwrap_err().code(), "jwt_expired");
}

#[test]
fn a_key_of_the_vendor_knows_its_host_and_any_other_needs_one() {
    let made = |key: &str| Auth::new(AuthOptions::new(key)).err().map(|error| error.code());
    assert_eq!(made(&Service::server_key()), Some("base_url_missing"));
    // The vendor's public test vector is a client key: its host is known, but a server needs a server key.
    assert_eq!(made(authmint::protocol::api_key::TEST_VECTOR_KEY), Some("server_key_required"));
}

/// Lets everyone who can go on do so until this many polls of the feed were sent.
async fn polled(host: &TestHost, times: usize) {
    while host.sent("revocations") < times {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn s21_a_follower_refuses_what_ended_elsewhere_and_asks_nothing_per_check() {
    let host = TestHost::new();
    let auth = host.auth_that(Revocation::BestEffort);
    let (jwt, token) = host.sign_in();
    let request = background(&plain(&jwt, &token));
    auth.get_session(&request).await.session.unwrap();
    polled(&host, 1).await;
    host.0.service.lock().unwrap().end(&token, START);
    host.0.ticks.add_permits(1);
    polled(&host, 2).await;
    assert_eq!(auth.get_session(&request).await.session.unwrap_err().code(), "session_revoked");
    assert_eq!((host.sent("refresh"), host.sent("revocations")), (0, 2));
}

#[tokio::test]
async fn a_follower_ends_with_the_last_clone_and_one_that_is_not_wanted_never_begins() {
    let host = TestHost::new();
    let auth = host.auth_that(Revocation::BestEffort);
    let clone = auth.clone();
    polled(&host, 1).await;
    drop(auth);
    host.0.ticks.add_permits(1);
    polled(&host, 2).await;
    drop(clone);
    // Nobody holds the host but this test, once the task is gone.
    while Arc::strong_count(&host.0) > 1 {
        tokio::task::yield_now().await;
    }

    let auth = host.auth_that(Revocation::Off);
    auth.get_session(&background("")).await.session.unwrap_err();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(host.sent("revocations"), 2);
}

#[test]
fn made_outside_a_runtime_it_follows_from_the_first_request_on() {
    let host = TestHost::new();
    let auth = host.auth_that(Revocation::BestEffort);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(host.sent("revocations"), 0);
        auth.get_session(&background("")).await.session.unwrap_err();
        polled(&host, 1).await;
    });
}
