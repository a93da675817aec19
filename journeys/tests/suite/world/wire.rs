//! What lies between the app and the service: the service's router in the same process, the one clock, and faults.

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
    skew: i64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    down: bool,
    calls: Vec<String>,
}

impl Wire {
    pub(crate) fn new(service: Router, clock: ServiceClock, skew: i64) -> Self {
        Self { service, clock, skew, state: Mutex::default() }
    }

    /// The next calls meet these faults, one each; faults that were still to come are forgotten.
    pub(crate) fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().unwrap().faults = faults.into_iter().collect();
    }

    /// Whether the service can be reached at all.
    pub(crate) fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    /// Which calls the app has made of the service since this was last asked: their last path segments.
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
        Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }
}

/// The SDK's host: the wire and its clock.
pub(crate) struct InProcess(pub(crate) Arc<Wire>);

impl Host for InProcess {
    fn now(&self) -> Timestamp {
        let skew = Duration::from_secs(self.0.skew.unsigned_abs());
        let now = self.0.clock.now();
        if self.0.skew < 0 { now.before(skew) } else { now.after(skew) }
    }

    /// Time passes only when nobody has anything left to do: everyone who can go on does so first.
    async fn sleep(&self, span: Duration) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        self.0.clock.advance(span).unwrap();
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let fault = {
            let mut state = self.0.state.lock().unwrap();
            let path = request.uri().path();
            state.calls.push(path.rsplit('/').next().unwrap_or(path).to_owned());
            if state.down {
                return Err(TransportError::new("connection refused"));
            }
            state.faults.pop_front()
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
