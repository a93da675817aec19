//! The rules as pure functions: no IO, no clock, no randomness.

pub mod api_key;
pub mod assertion;
pub mod audit;
pub mod authorization_code;
pub mod caller;
pub mod challenge;
pub mod grant;
pub mod issuer;
pub mod key_ring;
pub mod limit;
pub mod one_time_secret;
pub mod operator_token;
pub mod outgoing;
pub mod page_session;
pub mod policy;
pub mod project;
pub mod refresh_token;
pub mod revocation;
pub mod rotation;
pub mod session;
pub mod session_jwt;
pub mod signing_key;
mod to_wire;
pub mod user;
