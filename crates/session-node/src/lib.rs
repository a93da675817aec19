//! The guard for JavaScript: conversions between its values and the SDK's core, and nothing else.
//!
//! Node.js loads it as an addon ([`native`]), other runtimes as WebAssembly ([`wasm`]); `ts/core.ts` says what both do.
//! One set of vectors holds them to the same answers.

mod convert;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod value;
#[cfg(target_arch = "wasm32")]
mod wasm;
