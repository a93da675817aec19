//! Whole stories: browser, SDK and service in one process, and what outsiders check the product with.

pub mod conform;
