//! The cases, by concept; each takes a fresh database.

pub(crate) mod exchange;
pub(crate) mod issuers;
pub(crate) mod keys;
pub(crate) mod life;
pub(crate) mod management;
pub(crate) mod projects;
pub(crate) mod revocations;
pub(crate) mod sessions;
pub(crate) mod sign_in;
