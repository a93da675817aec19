//! JWTs: read as untrusted text, matched with a key, verified by rule.
//!
//! The signature itself is checked by whoever hosts the rules: [`native`] does it with aws-lc-rs, a WebAssembly host
//! with WebCrypto. Everything else, from the allow-list of algorithms to the claims, happens here for all hosts.
