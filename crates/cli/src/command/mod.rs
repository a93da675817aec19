//! One file a command.

pub(crate) mod dev;
pub(crate) mod key;
pub(crate) mod key_ring;
mod offline;
pub(crate) mod project;
pub(crate) mod serve;

/// Whatever stops a command; its text is for the person who typed it.
pub(crate) type CommandError = Box<dyn std::error::Error>;
