//! The guard in conversation with a service that is played, on a clock that moves only when told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod cookies;
mod failure;
mod get_session;
mod issuers;
mod keys;
mod revocation;
mod service;
mod sign_in_and_out;
mod sign_in_page;
mod threats;
#[cfg(feature = "client")]
mod vectors;
mod world;

#[cfg(feature = "actix")]
mod actix_middleware;
#[cfg(feature = "client")]
mod client;
#[cfg(any(feature = "axum", feature = "actix"))]
mod frameworks;
#[cfg(feature = "tower")]
mod tower_layer;
#[cfg(any(feature = "axum", feature = "actix"))]
mod web_app;
