//! What the adapters of all web frameworks have in common: what they differ in is how they read and write HTTP.

mod checked;
#[cfg(any(feature = "axum", feature = "actix"))]
mod rejection;
#[cfg(any(feature = "axum", feature = "actix"))]
mod routes;
#[cfg(any(feature = "axum", feature = "actix"))]
mod same_origin;

pub use checked::Checked;
#[cfg(any(feature = "axum", feature = "actix"))]
pub(crate) use routes::Route;
#[cfg(any(feature = "axum", feature = "actix"))]
pub use {rejection::AuthRejection, routes::BODY_LIMIT};
