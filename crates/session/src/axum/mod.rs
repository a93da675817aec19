//! Extractors and ready routes for axum.
//!
//! ```no_run
//! use authmint::{Auth, AuthOptions, Session, axum::routes, tower::AuthLayer};
//! use axum::{Router, routing::get};
//!
//! # fn main() -> Result<(), authmint::ConfigError> {
//! let auth = Auth::new(AuthOptions::new("sk_development_…").base_url("https://auth.example.com"))?;
//! let app: Router = Router::new()
//!     // Answers 401 to whoever is not signed in.
//!     .route("/me", get(async |session: Session| session.user_id().to_owned()))
//!     // Serves everyone.
//!     .route("/", get(async |session: Option<Session>| match session {
//!         Some(session) => format!("Hello {}", session.user_id()),
//!         None => "Hello".to_owned(),
//!     }))
//!     // POST /auth/exchange, /auth/refresh and /auth/logout.
//!     .nest("/auth", routes(auth.clone()))
//!     .layer(AuthLayer::new(auth));
//! # drop(app);
//! # Ok(())
//! # }
//! ```

mod extract;
mod routes;

pub use crate::web::{AuthRejection, BODY_LIMIT};
pub use routes::routes;
