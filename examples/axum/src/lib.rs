//! A whole axum app behind the authmint SDK, small enough to read in one go.
//!
//! | route | what it shows |
//! |---|---|
//! | `GET /` | a page for everyone: the handler takes a `Result<Session, _>` and looks |
//! | `GET /api/me` | a route for signed-in users: the handler takes a [`Session`], which is the gate |
//! | `POST /auth/…` | sign-in, refresh and sign-out: the SDK's own [`routes`], mounted |
//!
//! The browser signs in at the auth service itself (`static/sign-in.js`) and brings home a one-time secret, which
//! `POST /auth/exchange` trades for the session cookies.

mod asset;
mod headers;
mod page;
#[cfg(test)]
mod tests;

use askama::Template;
use authmint::{
    Auth, AuthOptions, ConfigError, Session,
    axum::{AuthRejection, routes},
    client::Host,
    tower::AuthLayer,
};
use axum::{
    Json, Router,
    extract::State,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, Uri, header::CACHE_CONTROL};
use page::Me;
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
    /// The service's URL has no origin that a browser could call.
    #[error("the service URL must be an http or https URL, such as https://auth.example.com")]
    ServiceUrl,
}

/// What the handlers share.
struct App<H: Host> {
    auth: Auth<H>,
    config: Arc<PublicConfig>,
}

impl<H: Host> Clone for App<H> {
    fn clone(&self) -> Self {
        Self { auth: self.auth.clone(), config: Arc::clone(&self.config) }
    }
}

/// The part of the configuration that pages may show: all but the server key.
struct PublicConfig {
    service_url: String,
    /// Where the endpoints for browsers lie.
    auth_url: String,
    client_key: String,
    inbox_url: Option<String>,
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
    AuthOptions::new(config.server_key.as_str()).base_url(&config.service_url)
}

/// Builds the app on an SDK whose clock and network are not the system's; most apps have no use for this, but
/// `authmint dev --virtual-clock` has.
///
/// # Errors
/// As [`router`].
pub fn router_with<H: Host>(config: DemoConfig, auth: Auth<H>) -> Result<Router, DemoError> {
    let service_url = config.service_url.trim_end_matches('/').to_owned();
    let auth_url = format!("{service_url}/api/2024-09-26/session/sdk/auth");
    let (client_key, inbox_url) = (config.client_key, config.inbox_url);
    app(auth, PublicConfig { service_url, auth_url, client_key, inbox_url })
}

fn app<H: Host>(auth: Auth<H>, config: PublicConfig) -> Result<Router, DemoError> {
    let origin = origin(&config.service_url).ok_or(DemoError::ServiceUrl)?;
    let app = App { auth: auth.clone(), config: Arc::new(config) };
    let router = Router::new()
        .route("/", get(home::<H>))
        .route("/api/me", get(api_me::<H>))
        // Looks at the session of every request to the routes above, and puts renewed cookies on the answer.
        .layer(AuthLayer::new(auth.clone()))
        .nest("/auth", routes(auth))
        .merge(asset::routes())
        .with_state(app);
    headers::harden(router, &origin).map_err(|_| DemoError::ServiceUrl)
}

/// The page: whoever is signed in sees the session, everyone else the form.
async fn home<H: Host>(State(app): State<App<H>>, session: Result<Session, AuthRejection>) -> Response {
    let service_url = &app.config.service_url;
    match session {
        Ok(session) => {
            let me = describe(&app.auth, &session).await;
            page(StatusCode::OK, &page::SignedIn { service_url, me: &me })
        }
        // An outage is no sign-out: the cookies are still there, and the next try may succeed.
        Err(AuthRejection(error)) if error.is_retryable() => {
            page(StatusCode::SERVICE_UNAVAILABLE, &page::Unavailable { service_url })
        }
        Err(_) => {
            let PublicConfig { auth_url, client_key, inbox_url, .. } = &*app.config;
            let inbox_url = inbox_url.as_deref();
            page(StatusCode::OK, &page::SignedOut { service_url, auth_url, client_key, inbox_url })
        }
    }
}

/// A route for signed-in users: without a session, the extractor answers 401 and this never runs.
async fn api_me<H: Host>(State(app): State<App<H>>, session: Session) -> Json<Me> {
    Json(describe(&app.auth, &session).await)
}

/// What there is to say of a session. All of it stands in the JWT, but for the email address, which is there only
/// where the project asks for it: a JWT in a cookie should carry no personal data.
async fn describe<H: Host>(auth: &Auth<H>, session: &Session) -> Me {
    let claims = session.claims();
    let claimed = claims.claims.get("email").and_then(|email| email.as_str()).map(str::to_owned);
    let email = match claimed {
        Some(email) => Some(email),
        None => auth.get_user(session.user_id()).await.ok().and_then(|user| user.email),
    };
    let amr = claims.claims.get("amr").and_then(|amr| amr.as_array());
    Me {
        user_id: session.user_id().to_owned(),
        email,
        session_id: session.session_id().map(|id| id.to_string()).unwrap_or_default(),
        amr: amr.into_iter().flatten().filter_map(|method| Some(method.as_str()?.to_owned())).collect(),
        issued_at: claims.issued_at.map(|at| at.to_iso8601()).unwrap_or_default(),
        expires_at: session.jwt_expires_at().to_iso8601(),
    }
}

/// A page that differs from visitor to visitor, so no cache may keep it.
fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(CACHE_CONTROL, "private, no-store")], Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn origin(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    Some(format!("{}://{}", url.scheme_str()?, url.authority()?))
}
