//! What crosses a process boundary in authmint: IDs, tokens, cookies, API keys, wire messages and error codes.
//!
//! Everything here is pure: no IO, no clock, no randomness. Whoever calls hands in `now` and drawn values.
//! The service and the SDK share this crate and nothing else, so they cannot disagree about what a byte means.

pub mod api_key;
pub mod authorization_code;
pub mod cookie;
pub mod error_code;
pub mod id;
pub mod issuer;
pub mod jwk;
pub mod pkce;
pub mod redirect;
pub mod refresh_token;
pub mod secret;
pub mod time;
pub mod token;
pub mod wire;

pub use error_code::ErrorCode;
