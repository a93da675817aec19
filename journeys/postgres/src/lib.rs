//! Starts real PostgreSQL servers for tests: loopback only, gone with the process that asked for them.
//!
//! A small shell stands between the test and its server and reads a pipe that only the test holds. When the test ends, even by
//! `SIGKILL`, the pipe closes; the shell then stops the server and deletes its folder. Nothing is left to clean up later.

mod program;
mod server;

pub use program::Failed;
pub use server::Server;
