use super::ResponseFuture;
use crate::client::{Auth, Host, SystemHost};
use http::{Request, Response};
use std::task::{Context, Poll};
use tower::Service;

/// A service behind the session check; see the [module](super).
pub struct AuthService<S, H: Host = SystemHost> {
    inner: S,
    auth: Auth<H>,
}

impl<S, H: Host> AuthService<S, H> {
    pub(super) fn new(inner: S, auth: Auth<H>) -> Self {
        Self { inner, auth }
    }
}

impl<S: Clone, H: Host> Clone for AuthService<S, H> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), auth: self.auth.clone() }
    }
}

impl<S, H, B, R> Service<Request<B>> for AuthService<S, H>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    H: Host,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone goes on living here; the one that was found ready serves this request.
        let clone = self.inner.clone();
        let service = std::mem::replace(&mut self.inner, clone);
        match self.auth.get_session(&request).try_now() {
            // A JWT seen before, or no cookie at all: nothing to wait for.
            Ok(outcome) => ResponseFuture::serving(service, request, outcome),
            Err(outcome) => ResponseFuture::checking(outcome, service, request),
        }
    }
}
