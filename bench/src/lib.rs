//! How fast authmint is: ratios between two things measured in turns within one run, since machines differ.
//!
//! Every section answers rows of a table; `main` prints them. Figures of record are in `RESULTS.md`.

mod exchange;
pub mod guard;
pub mod load;
pub mod postgres;
pub mod scale;
pub mod service;
pub mod store;
pub mod table;
