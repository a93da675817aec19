//! Our own calls, named as their URLs are.

pub(crate) mod dev;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod revocations;
