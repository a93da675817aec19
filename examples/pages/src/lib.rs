//! What the example apps in Rust show, whatever web framework they are written in: pages, files and headers.
//!
//! Nothing here has to do with signing in; how that is done stands in the apps.

mod asset;
mod page;
mod site;

pub use asset::{ASSETS, Asset};
pub use page::Me;
pub use site::{ServiceUrlInvalid, Site};
