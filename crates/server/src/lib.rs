//! How the auth service is served: HTTP API, pages, background work.
//!
//! - [`App`] is the running service: adapters in a [`Context`](authmint_domain::Context), and a router over it;
//! - [`serve()`] puts it behind a listener and drains it at the end;
//! - [`adapter`] holds what the domain's ports ask for: clock, entropy, signer, mailer;
//! - `router` is the whole route table on one page, `compat` the calls of existing clients, `api` our own,
//!   `pages` what a person looks at, `http` what all of them share.
//!
//! A library: tests and journeys start the service without the binary.

pub mod adapter;
mod api;
mod app;
mod background;
mod compat;
mod http;
mod metrics;
mod openapi;
mod pages;
mod router;
mod telemetry;
mod texts;

pub use app::{
    AUDIT_KEPT_FOR, App, AppConfig, ContinueTrace, HttpLimits, InvalidPublicUrl, Mode, PublicUrl, ServerPorts,
};
pub use http::{
    client_address::{InvalidNetwork, Network, TrustedProxies},
    serve::{serve, serve_metrics, serve_with},
};
pub use openapi::openapi;
