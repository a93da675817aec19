//! What is managed: by operators all of it, by an app's server what its key's scopes allow. Every change is audited with
//! itself, and names who asked for it.

pub mod api_key;
pub mod event;
pub mod issuer;
pub mod operator_token;
pub mod project;
pub mod session;
pub mod user;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page goes on; none: this was the last one.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Cuts what was read, one more than `limit`, to a page.
    fn cut(mut items: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> C) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}

/// The longest page.
pub const LONGEST_PAGE: u32 = 100;
/// The page if nobody says how long.
pub const USUAL_PAGE: u32 = 50;
