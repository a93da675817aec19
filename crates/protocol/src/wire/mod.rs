//! The messages that existing clients and the SDK exchange with the service, one file per concern.

pub mod admin;
pub mod feed;
pub mod issuer;
pub mod object;
pub mod problem;
pub mod session;
pub mod sign_in;
pub mod user;
