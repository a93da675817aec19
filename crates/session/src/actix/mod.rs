//! A middleware, extractors and ready routes for actix-web 4.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use authmint::{Auth, AuthOptions, Session, actix::{AuthMiddleware, MaybeSession, routes}};
//!
//! /// Answers 401 to whoever is not signed in.
//! async fn me(session: Session) -> String {
//!     session.user_id().to_owned()
//! }
//!
//! /// Serves everyone.
//! async fn home(MaybeSession(session): MaybeSession) -> String {
//!     session.map_or("Hello".to_owned(), |session| format!("Hello {}", session.user_id()))
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Auth::new(AuthOptions::new("sk_development_…").base_url("https://auth.example.com"))?;
//! HttpServer::new(move || {
//!     App::new()
//!         .route("/me", web::get().to(me))
//!         .route("/", web::get().to(home))
//!         // POST /auth/exchange, /auth/refresh and /auth/logout.
//!         .service(web::scope("/auth").configure(routes(auth.clone())))
//!         .wrap(AuthMiddleware::new(auth.clone()))
//! })
//! .bind(("localhost", 3000))?
//! .run()
//! .await?;
//! # Ok(())
//! # }
//! ```
//!
//! An [`Auth`](crate::Auth) is made once, before the server, and cloned into its workers: they share what is known, and
//! however many of them want it, a session is refreshed once.
//!
//! All of [`Auth`](crate::Auth) takes actix-web's requests, and [`SetCookies::apply`](crate::guard::SetCookies::apply)
//! its headers.

mod extract;
mod headers;
mod middleware;
mod routes;

pub use crate::web::{AuthRejection, BODY_LIMIT, Checked};
pub use extract::MaybeSession;
pub use middleware::{AuthMiddleware, AuthService};
pub use routes::routes;
