//! JWTs: read as untrusted text, matched with a key, verified by rule.
//!
//! The signature itself is checked by whoever hosts the rules: `native` does it with aws-lc-rs, a WebAssembly host
//! with WebCrypto. Everything else, from the allow-list of algorithms to the claims, happens here for all hosts:
//! [`verify::begin`] finds the key and hands out a [`verify::SignatureCheck`], [`verify::finish`] takes the answer.

pub mod algorithm;
pub mod error;
pub(crate) mod json;
#[cfg(feature = "native")]
pub mod native;
pub mod unverified;
pub mod verify;

#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use error::JwtError;
pub use unverified::UnverifiedJwt;
pub use verify::{Expected, PendingJwt, SessionClaims, SignatureCheck, begin, finish};
