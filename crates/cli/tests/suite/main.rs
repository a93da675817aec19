//! The program as an operator meets it: started, spoken to over HTTP, stopped, killed.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod backup;
mod dev;
mod kill;
#[path = "../../../../journeys/tests/suite/ledger.rs"]
mod ledger;
mod management;
#[cfg(feature = "otlp")]
mod otlp;
mod program;
mod replicas;
mod serve;
mod served;
mod signing_key;
mod stories;
