//! placeholder

#[cfg(feature = "client")]
pub mod client;
pub mod error;
pub mod guard;
mod session;

#[cfg(feature = "client")]
pub use client::Auth;
pub use error::{AuthError, ConfigError};
pub use guard::{AuthOptions, Guard};
pub use session::{AuthMaterial, Session};
