//! Our own calls, named as their URLs are.

pub(crate) mod api_keys;
pub(crate) mod dev;
pub(crate) mod events;
pub(crate) mod exchange;
pub(crate) mod health;
pub(crate) mod issuers;
pub(crate) mod metrics;
pub(crate) mod operator_tokens;
pub(crate) mod projects;
pub(crate) mod revocations;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod users;
