//! One file a command.

pub(crate) mod dev;
pub(crate) mod key_ring;

/// Whatever stops a command; its text is for the person who typed it.
pub(crate) type CommandError = Box<dyn std::error::Error>;
