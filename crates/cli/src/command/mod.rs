//! One file a command.

pub(crate) mod backup;
pub(crate) mod copy;
pub(crate) mod dev;
pub(crate) mod events;
pub(crate) mod issuer;
pub(crate) mod key;
pub(crate) mod key_ring;
mod offline;
pub(crate) mod operator;
pub(crate) mod project;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod signing_key;
pub(crate) mod user;

/// Whatever stops a command; its text is for the person who typed it.
pub(crate) type CommandError = Box<dyn std::error::Error>;
