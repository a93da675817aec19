use super::AuthService;
use crate::client::{Auth, Host, SystemHost};
use tower::Layer;

/// Wraps services so that each request's session is checked first; see the [module](super).
pub struct AuthLayer<H: Host = SystemHost> {
    auth: Auth<H>,
}

impl<H: Host> AuthLayer<H> {
    /// Makes the layer.
    #[must_use]
    pub fn new(auth: Auth<H>) -> Self {
        Self { auth }
    }
}

impl<H: Host> Clone for AuthLayer<H> {
    fn clone(&self) -> Self {
        Self { auth: self.auth.clone() }
    }
}

impl<S, H: Host> Layer<S> for AuthLayer<H> {
    type Service = AuthService<S, H>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService::new(inner, self.auth.clone())
    }
}
