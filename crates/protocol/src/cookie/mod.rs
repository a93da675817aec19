//! The cookies that carry a session: their names, how a request's are read, how an answer's are written.
//!
//! Two pairs exist. The *plain* pair, `crossmint-jwt` and `crossmint-refresh-token`, belongs to the app's server; the
//! *scoped* pair has `-<projectId>` appended and belongs to the browser SDK. Which of them counts is the guard's
//! decision; here they are only read and written.

mod attributes;
mod parse;
mod write;

pub use attributes::{
    Attributes, CookieOptions, CookiePolicy, InvalidCookieOptions, SameSite, is_loopback_host,
};
pub use parse::{CookiePair, find, pairs, unquoted};
pub use write::{CookieNotWritable, Expiry, MAX_NAME_AND_VALUE, clear_cookie, set_cookie};

use crate::id::ProjectId;

/// Name of the cookie that holds the session JWT, in the plain pair and without a prefix.
pub const JWT: &str = "crossmint-jwt";

/// Name of the cookie that holds the refresh token, in the plain pair and without a prefix.
pub const REFRESH_TOKEN: &str = "crossmint-refresh-token";

/// One of the two cookies of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthCookie {
    /// The one that holds the session JWT.
    Jwt,
    /// The one that holds the refresh token.
    RefreshToken,
}

/// Whose pair it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The browser SDK's: names that end in the project ID.
    Scoped,
    /// The app server's: plain names.
    Plain,
}

/// The two names of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieNames {
    /// Name of the cookie that holds the session JWT.
    pub jwt: String,
    /// Name of the cookie that holds the refresh token.
    pub refresh_token: String,
}

impl CookieNames {
    /// The plain pair, with a prefix such as `__Host-` or none.
    #[must_use]
    pub fn plain(prefix: &str) -> Self {
        Self { jwt: format!("{prefix}{JWT}"), refresh_token: format!("{prefix}{REFRESH_TOKEN}") }
    }

    /// The scoped pair of a project; the browser SDK knows no prefix.
    #[must_use]
    pub fn scoped(project: ProjectId) -> Self {
        Self { jwt: format!("{JWT}-{project}"), refresh_token: format!("{REFRESH_TOKEN}-{project}") }
    }

    /// The name of one of the two.
    #[must_use]
    pub fn of(&self, cookie: AuthCookie) -> &str {
        match cookie {
            AuthCookie::Jwt => &self.jwt,
            AuthCookie::RefreshToken => &self.refresh_token,
        }
    }
}

#[cfg(test)]
mod vectors;
