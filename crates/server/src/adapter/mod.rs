//! What the domain's ports ask for, one file or folder a port; the store is a crate of its own.

pub mod clock;
pub mod entropy;
pub mod issuer_keys;
pub mod mailer;
pub mod outgoing;
pub mod signer;
