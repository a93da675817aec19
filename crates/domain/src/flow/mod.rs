//! The use cases: each reads the clock once, asks the ports in order, and leaves every decision to the model.

pub mod admin;
pub mod authorise;
pub mod exchange;
pub mod follow;
pub mod purge;
pub mod refresh;
pub mod restore;
pub mod sign_in;
pub mod sign_out;
pub mod signing_keys;
pub mod start;
pub mod whoami;
