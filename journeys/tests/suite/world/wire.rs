//! What lies between the app and the service: the service's router in the same process, the one clock, and faults.

use crate::ledger;
use authmint::{client::Host, error::TransportError};
use authmint_domain::port::Clock as _;
use authmint_protocol::{secret::ApiKeyText, time::Timestamp};
use authmint_server::adapter::clock::ServiceClock;
use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::Notify;
use tower::ServiceExt as _;

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never arrives.
    RequestLost,
    /// It arrives and is answered, and the answer never arrives.
    ReplyLost,
}

/// The way to the service.
pub(crate) struct Wire {
    service: Router,
    pub(crate) clock: ServiceClock,
    state: Mutex<State>,
    /// Wakes those who rest: the clock has moved.
    moved: Notify,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    down: bool,
    calls: Vec<String>,
}

impl Wire {
    pub(crate) fn new(service: Router, clock: ServiceClock) -> Self {
        Self { service, clock, state: Mutex::default(), moved: Notify::new() }
    }

    /// The next calls meet these faults, one each; faults that were still to come are forgotten.
    pub(crate) fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().unwrap().faults = faults.into_iter().collect();
    }

    /// Whether the service can be reached at all.
    pub(crate) fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    /// Moves the clock.
    pub(crate) fn advance(&self, span: Duration) {
        self.clock.advance(span).unwrap();
        self.moved.notify_waiters();
    }

    /// Which calls the app has made of the service since this was last asked: their last path segments. Polls of the
    /// revocation feed are not among them, for no request makes them.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// A page's own call of the service.
    pub(crate) async fn ask_as_page(&self, path: &str, key: &ApiKeyText, body: &Value) -> Value {
        let request = Request::post(format!("/api/2024-09-26/session/sdk/auth/{path}"))
            .header("host", "localhost:8420")
            .header("x-api-key", key.reveal())
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        serde_json::from_slice(self.deliver(request).await.body()).unwrap()
    }

    async fn deliver(&self, request: Request<Bytes>) -> Response<Bytes> {
        let mut request = request.map(Body::from);
        request.headers_mut().entry("host").or_insert(http::HeaderValue::from_static("localhost:8420"));
        let Ok(answer) = self.service.clone().oneshot(request).await;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        ledger::answer(parts.status.as_u16(), &body);
        Response::from_parts(parts, body)
    }
}

/// The last path segment of the revocation feed.
const FEED: &str = "revocations";

/// Lets everyone who has something left to do do it.
pub(crate) async fn everyone_goes_on() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// The SDK's host: the wire, and a clock so many seconds ahead of the service's, or behind.
pub(crate) struct InProcess(pub(crate) Arc<Wire>, pub(crate) i64);

impl Host for InProcess {
    fn now(&self) -> Timestamp {
        let skew = Duration::from_secs(self.1.unsigned_abs());
        let now = self.0.clock.now();
        if self.1 < 0 { now.before(skew) } else { now.after(skew) }
    }

    /// Time passes only when nobody has anything left to do: everyone who can go on does so first.
    async fn sleep(&self, span: Duration) {
        everyone_goes_on().await;
        self.0.advance(span);
    }

    /// Who rests waits for the clock and never moves it.
    async fn rest(&self, span: Duration) {
        let until = self.now().after(span);
        loop {
            let moved = self.0.moved.notified();
            if self.now() >= until {
                return;
            }
            moved.await;
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let fault = {
            let mut state = self.0.state.lock().unwrap();
            let path = request.uri().path();
            let call = path.rsplit('/').next().unwrap_or(path).to_owned();
            if state.down {
                state.calls.extend(Some(call).filter(|call| call != FEED));
                return Err(TransportError::new("connection refused"));
            }
            if call == FEED {
                None
            } else {
                state.calls.push(call);
                state.faults.pop_front()
            }
        };
        match fault {
            None => Ok(self.0.deliver(request).await),
            Some(Fault::RequestLost) => std::future::pending().await,
            Some(Fault::ReplyLost) => {
                self.0.deliver(request).await;
                std::future::pending().await
            }
        }
    }
}
