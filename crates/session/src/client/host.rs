//! The clock and the network, behind one trait that a test replaces.

use crate::error::{ConfigError, TransportError};
use authmint_protocol::{jwk::MAX_KEY_SET_LEN, time::Timestamp};
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use std::{
    future::Future,
    time::{Duration, SystemTime},
};

/// What the guard needs of the world: the time, the passing of time, and a way to the service.
///
/// A test answers with a clock that it holds still and with the service's router in the same process.
pub trait Host: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Waits.
    fn sleep(&self, span: Duration) -> impl Future<Output = ()> + Send;

    /// Waits where no request waits along; a test whose time stands still tells the two apart.
    fn rest(&self, span: Duration) -> impl Future<Output = ()> + Send {
        self.sleep(span)
    }

    /// Draws bytes that nobody can guess: the state and the verifier of a sign-in.
    fn draw(&self, bytes: &mut [u8]) {
        draw(bytes);
    }

    /// Sends a request and reads the answer whole, without following redirects.
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Bytes>, TransportError>> + Send;
}

/// The system's clock, and HTTP by connections that are kept open.
#[derive(Clone)]
pub struct SystemHost {
    http: reqwest::Client,
}

impl SystemHost {
    /// Makes the HTTP client; it follows no redirect, since a redirected refresh would hand the token to a stranger.
    ///
    /// # Errors
    /// [`ConfigError::System`] if TLS cannot be set up.
    pub fn new() -> Result<Self, ConfigError> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ConfigError::System(error.to_string()))?;
        Ok(Self { http })
    }
}

impl Host for SystemHost {
    #[expect(clippy::disallowed_methods, reason = "the SDK's one adapter of the clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.after(since)
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        // The error's text without the URL: a user's ID may be in it.
        let failed = |error: reqwest::Error| TransportError::new(error.without_url());
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut answer = self.http.execute(request).await.map_err(failed)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_KEY_SET_LEN {
                return Err(TransportError::new("the answer is longer than any answer of the service"));
            }
            body.extend_from_slice(&chunk);
        }
        let mut reply = Response::new(body.freeze());
        *reply.status_mut() = answer.status();
        *reply.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(reply)
    }
}

/// Draws the seed of the guard's hashes.
pub(super) fn draw_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    draw(&mut seed);
    seed
}

fn draw(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system gives random bytes, or nothing here is safe");
}
