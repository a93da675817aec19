//! How an identity is proven, one file a sign-in method.

pub mod email;
pub mod issuer;
