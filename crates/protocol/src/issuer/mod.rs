//! Issuers of others: by which rules their JWTs are accepted, and whom they name.
//!
//! [`IssuerTerms`] is what somebody asks for, by a [`preset`] or by hand; [`Rules::of`] turns it into rules or tells every
//! fault. [`Rules::begin`] and [`Rules::finish`] verify a JWT in two halves around the signature, as
//! [`token`](crate::token) does for our own.
//!
//! Nothing here is shared between issuers: a key is looked up in the set of the one issuer that the JWT names, so equal
//! `kid`s of two issuers are two keys.

pub mod discovery;
pub mod preset;
mod rules;
mod terms;

#[cfg(test)]
mod tests;

pub use discovery::DiscoveryError;
pub use preset::Preset;
pub use rules::{Audience, KeyPlace, Rules, TermsFault, claimed_issuer};
pub use terms::IssuerTerms;
