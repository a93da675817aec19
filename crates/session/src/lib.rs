//! The authmint server SDK: it answers who a request's user is, without asking anyone, and keeps the session alive.
//!
//! An ordinary request costs microseconds: its session JWT is verified offline, and found in a cache the next time.
//! Shortly before the JWT ends the session is refreshed, once per process however many requests want it, and the new
//! tokens go out as cookies. A failing network, a lost answer or a storm of requests signs nobody out. What ended
//! elsewhere is refused within two seconds: a task beside the requests follows the service's revocation feed
//! ([`Revocation`]; the server key needs the scope `feed.read`).
//!
//! ```no_run
//! use authmint::{Auth, AuthOptions};
//!
//! # async fn example(request: http::Request<()>, mut response: http::Response<()>) -> Result<(), authmint::ConfigError> {
//! let auth = Auth::new(AuthOptions::new("sk_development_…").base_url("https://auth.example.com"))?;
//!
//! let outcome = auth.get_session(&request).await;
//! outcome.cookies.apply(response.headers_mut());
//! match outcome.session {
//!     Ok(session) => println!("Hello {}", session.user_id()),
//!     Err(error) => println!("{} ({})", error, error.code()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! With [`tower`] a layer does this for every request, with [`axum`] and [`actix`] a handler just takes a [`Session`].
//!
//! # For those who come from `@crossmint/server-sdk`
//!
//! | there | here |
//! |---|---|
//! | `createCrossmint`, `CrossmintAuth.from` | [`AuthOptions`], [`Auth::new`] |
//! | `getSession(req, res)` | [`Auth::get_session`], or [`tower::AuthLayer`], [`actix::AuthMiddleware`] |
//! | `getSession({ jwt, refreshToken })` | [`Auth::get_session_with`] |
//! | `handleCustomRefresh(req, res)` | [`Auth::refresh`], or the route of [`axum::routes`], [`actix::routes`] |
//! | `logout(req, res)` | [`Auth::logout`] |
//! | `storeAuthMaterial(res, material)` | [`Auth::store_auth_material`] |
//! | `verifyCrossmintJwt(token)` | [`Auth::verify_jwt`] |
//! | `getUser(id)`, `getJwksUri()` | [`Auth::get_user`], [`Auth::jwks_uri`] |
//! | — | [`Auth::peek`], [`Auth::exchange`] |
//!
//! # Features
//!
//! `client` (default) is [`Auth`] itself; `tower`, `axum` and `actix` add what their names say. Without any, [`guard`] remains:
//! the core that decides, without clock, network or randomness, for hosts of another kind.

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "client")]
pub mod client;
pub mod error;
pub mod guard;
mod session;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(any(feature = "tower", feature = "actix"))]
mod web;

pub use authmint_protocol as protocol;
pub use authmint_protocol::cookie::{CookieOptions, SameSite};
pub use authmint_protocol::issuer::IssuerTerms;
#[cfg(feature = "client")]
pub use client::Auth;
pub use error::{AuthError, ConfigError};
pub use guard::{AuthOptions, Guard, Revocation};
pub use session::{AuthMaterial, Session};
