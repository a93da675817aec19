//! The routes of a sign-in as a layer: for whoever has a tower service and no router.

use crate::{
    client::{Auth, Host, SystemHost},
    error::AuthError,
    guard::RequestHead,
    web::Route,
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower::{Layer, Service};

/// Answers the routes of a sign-in below a path, and hands on everything else:
///
/// - `GET …/sign-in` sends a person to the service's sign-in page, and `GET …/callback` takes them back.
/// - `POST …/sign-out`, from a form of the app's own pages, ends the session and sends the person on.
/// - `POST …/refresh` renews the session by its cookies, `POST …/logout` ends it; neither takes a body here.
///
/// ```no_run
/// use authmint::{Auth, AuthOptions, tower::{AuthLayer, RoutesLayer}};
/// use bytes::Bytes;
/// use tower::ServiceBuilder;
///
/// # fn main() -> Result<(), authmint::ConfigError> {
/// let auth = Auth::new(AuthOptions::new("sk_…").client_key("ck_…").base_url("https://auth.example.com"))?;
/// let service = ServiceBuilder::new()
///     .layer(RoutesLayer::new(auth.clone(), "/auth"))
///     .layer(AuthLayer::new(auth))
///     .service_fn(async |_: http::Request<()>| Ok::<_, std::convert::Infallible>(http::Response::new(Bytes::new())));
/// # drop(service);
/// # Ok(())
/// # }
/// ```
pub struct RoutesLayer<H: Host = SystemHost> {
    auth: Auth<H>,
    below: Arc<str>,
}

impl<H: Host> RoutesLayer<H> {
    /// Makes the layer; `below` is the path of the routes, such as `/auth`.
    #[must_use]
    pub fn new(auth: Auth<H>, below: &str) -> Self {
        Self { auth, below: below.trim_end_matches('/').into() }
    }
}

impl<H: Host> Clone for RoutesLayer<H> {
    fn clone(&self) -> Self {
        Self { auth: self.auth.clone(), below: Arc::clone(&self.below) }
    }
}

impl<S, H: Host> Layer<S> for RoutesLayer<H> {
    type Service = RoutesService<S, H>;

    fn layer(&self, inner: S) -> Self::Service {
        RoutesService { inner, layer: self.clone() }
    }
}

/// A service with the routes before it; see [`RoutesLayer`].
pub struct RoutesService<S, H: Host = SystemHost> {
    inner: S,
    layer: RoutesLayer<H>,
}

impl<S: Clone, H: Host> Clone for RoutesService<S, H> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<S, H, B, R> Service<Request<B>> for RoutesService<S, H>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    H: Host,
    R: From<Bytes> + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let name = request.uri().path().strip_prefix(&*self.layer.below);
        let Some(route) = name.and_then(|name| of(name, request.method())) else {
            return Box::pin(self.inner.call(request));
        };
        let (auth, (parts, _unread)) = (self.layer.auth.clone(), request.into_parts());
        Box::pin(async move {
            let head = RequestHead::from(&parts);
            let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
            let has_body = has_body(&parts.headers);
            let body = match route.admit(head, has_body) {
                // A form's fields are of no interest.
                Ok(()) if has_body && route != Route::SignOut => {
                    Err(AuthError::RequestInvalid("this route takes no body here: it goes by the cookies"))
                }
                admitted => admitted.map(|()| Bytes::new()),
            };
            Ok(route.answer(&auth, head, target, body).await.map(R::from))
        })
    }
}

fn of(name: &str, method: &Method) -> Option<Route> {
    let link = match *method {
        Method::GET | Method::HEAD => true,
        Method::POST => false,
        _ => return None,
    };
    let known = |route: &Route| route.path() == name && route.is_link() == link && *route != Route::Exchange;
    Route::ALL.into_iter().find(known)
}

/// Whether a body comes with a request (RFC 9112, section 6).
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}
