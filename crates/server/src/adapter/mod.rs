//! What the domain's ports ask for, one file a port; the store is a crate of its own.

pub mod clock;
pub mod entropy;
pub mod mailer;
pub mod signer;
