//! One file a command.

pub(crate) mod backup;
pub(crate) mod dev;
pub(crate) mod key;
pub(crate) mod key_ring;
mod offline;
pub(crate) mod project;
pub(crate) mod serve;
pub(crate) mod signing_key;

/// Whatever stops a command; its text is for the person who typed it.
pub(crate) type CommandError = Box<dyn std::error::Error>;
