//! What the auth service decides.
//!
//! - [`model`]: the rules as pure functions of stored state, presented input and `now`;
//! - [`method`]: how an identity is proven, each method a pure state machine;
//! - [`port`]: what the outside must provide (store, clock, entropy, signing, mail), as traits;
//! - [`flow`]: the use cases, each one page that reads the clock once and asks the ports in order;
//! - [`context`]: the one value that holds the ports.
//!
//! Nothing here knows HTTP, SQL or an async runtime.

pub mod context;
pub mod flow;
pub mod method;
pub mod model;
pub mod port;

pub use context::Context;
