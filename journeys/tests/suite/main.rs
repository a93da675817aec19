//! Journeys: a browser, an app behind the SDK and the service in one process, on a clock that stands still until
//! somebody waits.

mod failure;
mod refresh;
mod theft;
mod visit;
mod world;
