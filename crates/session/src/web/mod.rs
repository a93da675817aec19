//! What the adapters of all web frameworks have in common: what they differ in is how they read and write HTTP.

mod checked;
mod rejection;
mod routes;
mod same_origin;

pub use checked::Checked;
pub use rejection::AuthRejection;
#[cfg(any(feature = "axum", feature = "actix"))]
pub use routes::BODY_LIMIT;
pub(crate) use routes::Route;
