//! A tower layer that checks the session of every request and keeps its cookies fresh.
//!
//! Behind it, the request's extensions hold a [`Checked`]: the session, or why there is none. The layer refuses
//! nothing: whether a route needs a session, its handler says (a middleware must never be the only gate).
//!
//! ```no_run
//! use authmint::{Auth, AuthOptions, tower::{AuthLayer, Checked}};
//! use tower::ServiceBuilder;
//!
//! # fn main() -> Result<(), authmint::ConfigError> {
//! let auth = Auth::new(AuthOptions::new("sk_development_…").base_url("https://auth.example.com"))?;
//! let service = ServiceBuilder::new().layer(AuthLayer::new(auth)).service_fn(
//!     async |request: http::Request<String>| {
//!         let checked = request.extensions().get::<Checked>().expect("the layer is there");
//!         let answer = match checked.session() {
//!             Ok(session) => format!("Hello {}", session.user_id()),
//!             Err(error) => error.to_string(),
//!         };
//!         Ok::<_, std::convert::Infallible>(http::Response::new(answer))
//!     },
//! );
//! # drop(service);
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod routes;
mod service;

pub use crate::web::{AuthRejection, Checked};
pub use future::ResponseFuture;
pub use layer::AuthLayer;
pub use routes::{RoutesLayer, RoutesService};
pub use service::AuthService;
