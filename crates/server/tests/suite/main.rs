//! The service as its callers see it: the real router over the real embedded database, on a clock that stands still.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod calls;
mod connections;
mod cross_origin;
mod development;
mod feed;
mod flood;
mod issuers;
#[path = "../../../../journeys/tests/suite/ledger.rs"]
mod ledger;
mod logs;
mod mail;
mod management;
mod metrics;
mod openapi;
mod operator;
mod refusals;
mod sign_in;
mod sign_in_page;
mod store_trouble;
mod support;
mod threats;
