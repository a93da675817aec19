//! One file a command.

pub(crate) mod backup;
pub(crate) mod dev;
pub(crate) mod key_ring;
pub(crate) mod signing_key;

/// Whatever stops a command; its text is for the person who typed it.
pub(crate) type CommandError = Box<dyn std::error::Error>;
