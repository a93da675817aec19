//! Journeys: a browser, an app behind the SDK and the service in one process, on a clock that stands still until
//! somebody waits.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod failure;
mod keys;
mod ledger;
mod managed;
mod refresh;
mod theft;
mod visit;
mod world;
