//! The check of every request, and the fresh cookies on its answer.

use crate::{
    client::{Auth, Host, SystemHost},
    guard::{Outcome, SetCookies},
    web::Checked,
};
use ::actix_web::{
    Error, HttpMessage,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    error::InternalError,
};
use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

/// Checks the session of every request and keeps its cookies fresh.
///
/// Behind it, the request's extensions hold a [`Checked`]: the session, or why there is none. The middleware refuses
/// nothing: whether a route needs a session, its handler says (a middleware must never be the only gate).
pub struct AuthMiddleware<H: Host = SystemHost> {
    auth: Auth<H>,
}

impl<H: Host> AuthMiddleware<H> {
    /// Makes the middleware, for [`App::wrap`](::actix_web::App::wrap).
    #[must_use]
    pub fn new(auth: Auth<H>) -> Self {
        Self { auth }
    }
}

impl<H: Host> Clone for AuthMiddleware<H> {
    fn clone(&self) -> Self {
        Self { auth: self.auth.clone() }
    }
}

impl<S, B, H> Transform<S, ServiceRequest> for AuthMiddleware<H>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    H: Host,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = AuthService<S, H>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(AuthService { inner: Rc::new(inner), auth: self.auth.clone() }))
    }
}

/// A service behind the session check; [`AuthMiddleware`] makes it.
pub struct AuthService<S, H: Host = SystemHost> {
    inner: Rc<S>,
    auth: Auth<H>,
}

impl<S, B, H> Service<ServiceRequest> for AuthService<S, H>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    H: Host,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let outcome = self.auth.get_session(&request);
        let inner = Rc::clone(&self.inner);
        Box::pin(async move {
            let Outcome { session, cookies, .. } = outcome.await;
            request.extensions_mut().insert(Checked(session));
            match inner.call(request).await {
                Ok(mut answer) => {
                    cookies.apply(answer.headers_mut());
                    Ok(answer)
                }
                Err(error) => Err(with_cookies(error, &cookies)),
            }
        })
    }
}

/// An error of a middleware further in becomes an answer only further out, and that one carries the cookies too.
fn with_cookies(error: Error, cookies: &SetCookies) -> Error {
    if cookies.is_empty() {
        return error;
    }
    let mut answer = error.error_response();
    cookies.apply(answer.headers_mut());
    InternalError::from_response(error, answer).into()
}
