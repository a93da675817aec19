//! A whole axum app behind the authmint SDK, small enough to read in one go.
//!
//! | route | what it shows |
//! |---|---|
//! | `GET /` | a page for everyone: the handler takes a `Result<Session, _>` and looks |
//! | `GET /api/me` | a route for signed-in users: the handler takes a [`Session`], which is the gate |
//! | `POST /auth/…` | sign-in, refresh and sign-out: the SDK's own [`routes`], mounted |
//!
//! The browser signs in at the auth service itself (`sign-in.js`) and brings home a one-time secret, which
//! `POST /auth/exchange` trades for the session cookies.

mod headers;
#[cfg(test)]
mod tests;

use authmint::{
    Auth, AuthOptions, ConfigError, Session,
    axum::{AuthRejection, routes},
    client::Host,
    tower::AuthLayer,
};
use authmint_example_pages::{ASSETS, Asset, Me, ServiceUrlInvalid, Site};
use axum::{
    Json, Router,
    extract::State,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use std::sync::Arc;

/// What the app must be told.
pub struct DemoConfig {
    /// The auth service's public base URL.
    pub service_url: String,
    /// The project's client key (`ck_…`), which every visitor's browser gets to see.
    pub client_key: String,
    /// The project's server key (`sk_…`), which stays in this process.
    pub server_key: String,
    /// Where the service shows the mail that it sends, in development.
    pub inbox_url: Option<String>,
}

/// The app cannot work with what it was told.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The SDK refuses its options.
    #[error(transparent)]
    Auth(#[from] ConfigError),
    /// The pages cannot name the service.
    #[error(transparent)]
    ServiceUrl(#[from] ServiceUrlInvalid),
}

/// What the handlers share.
struct App<H: Host> {
    auth: Auth<H>,
    site: Arc<Site>,
}

impl<H: Host> Clone for App<H> {
    fn clone(&self) -> Self {
        Self { auth: self.auth.clone(), site: Arc::clone(&self.site) }
    }
}

/// Builds the app.
///
/// # Errors
/// [`DemoError`] if a key or the URL cannot work: when the app starts, not when someone signs in.
pub fn router(config: DemoConfig) -> Result<Router, DemoError> {
    let auth = Auth::new(options(&config))?;
    router_with(config, auth)
}

/// What the SDK must be told.
#[must_use]
pub fn options(config: &DemoConfig) -> AuthOptions {
    AuthOptions::new(config.server_key.as_str())
        .client_key(config.client_key.as_str())
        .base_url(&config.service_url)
}

/// Builds the app on an SDK whose clock and network are not the system's; most apps have no use for this, but
/// `authmint dev --virtual-clock` has.
///
/// # Errors
/// As [`router`].
pub fn router_with<H: Host>(config: DemoConfig, auth: Auth<H>) -> Result<Router, DemoError> {
    let site = Arc::new(Site::new("axum", &config.service_url, config.client_key, config.inbox_url)?);
    let router = Router::new()
        .route("/", get(home::<H>))
        .route("/api/me", get(api_me::<H>))
        // Looks at the session of every request to the routes above, and puts renewed cookies on the answer.
        .layer(AuthLayer::new(auth.clone()))
        .nest("/auth", routes(auth.clone()))
        .merge(files())
        .with_state(App { auth, site: Arc::clone(&site) });
    headers::harden(router, &site).map_err(|_| ServiceUrlInvalid.into())
}

/// The page: whoever is signed in sees the session, everyone else the form.
async fn home<H: Host>(
    State(App { auth, site }): State<App<H>>,
    session: Result<Session, AuthRejection>,
) -> Response {
    match session {
        Ok(session) => page(StatusCode::OK, site.signed_in(&Me::of(&auth, &session).await)),
        // An outage is no sign-out: the cookies are still there, and the next try may succeed.
        Err(AuthRejection(error)) if error.is_retryable() => {
            page(StatusCode::SERVICE_UNAVAILABLE, site.unavailable())
        }
        Err(_) => page(StatusCode::OK, site.signed_out()),
    }
}

/// A route for signed-in users: without a session, the extractor answers 401 and this never runs.
async fn api_me<H: Host>(State(app): State<App<H>>, session: Session) -> Json<Me> {
    Json(Me::of(&app.auth, &session).await)
}

/// A page that differs from visitor to visitor, so no cache may keep it.
fn page(status: StatusCode, html: String) -> Response {
    (status, [(CACHE_CONTROL, "private, no-store")], Html(html)).into_response()
}

/// One route for each file.
fn files<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS.into_iter().fold(Router::new(), |router, Asset { path, content_type, content }| {
        let answer = ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache")], content);
        router.route(path, get(move || async move { answer }))
    })
}
