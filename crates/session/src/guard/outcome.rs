//! What a conversation ends with, and what the app's answer must carry because of it.

use crate::{error::AuthError, session::Session};
use http::{HeaderMap, HeaderValue, header};

/// The end of a conversation.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The session, or why there is none.
    pub session: Result<Session, AuthError>,
    /// What the app's answer must carry.
    pub cookies: SetCookies,
}

impl Outcome {
    pub(super) fn of(session: Result<Session, AuthError>) -> Self {
        Self { session, cookies: SetCookies::default() }
    }
}

/// `Set-Cookie` values for the app's answer, with the headers that keep such an answer out of shared caches.
#[derive(Debug, Clone, Default)]
pub struct SetCookies(Vec<HeaderValue>);

impl SetCookies {
    /// Whether the answer may go out as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values, one `Set-Cookie` header each.
    pub fn values(&self) -> impl Iterator<Item = &HeaderValue> {
        self.0.iter()
    }

    /// Puts the cookies on an answer: appended to the app's own, never in their place.
    ///
    /// A cookie that the answer sets already is left to the app: a sign-out in a handler comes after the check of the
    /// request, and a fresh cookie behind it would undo it. An answer with an auth cookie also gets
    /// `Cache-Control: private, no-store` and `Cookie` in `Vary`, or a shared cache would sign the next visitor in.
    pub fn apply(&self, headers: &mut HeaderMap) {
        if self.is_empty() {
            return;
        }
        let by_app: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
        for value in &self.0 {
            if !by_app.iter().any(|other| name(other) == name(value)) {
                headers.append(header::SET_COOKIE, value.clone());
            }
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        let varies = headers.get_all(header::VARY).iter().any(|value| {
            value.to_str().is_ok_and(|names| {
                names.split(',').map(str::trim).any(|name| name == "*" || name.eq_ignore_ascii_case("cookie"))
            })
        });
        if !varies {
            headers.append(header::VARY, HeaderValue::from_static("Cookie"));
        }
    }

    /// Adds a value that our own writer made; marked as secret, so that no debug output shows it.
    pub(super) fn push(&mut self, value: &str) {
        // The writer allows printable ASCII only, which every header can hold.
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.0.push(value);
        }
    }
}

/// The name in a `Set-Cookie` value.
fn name(cookie: &HeaderValue) -> Option<&[u8]> {
    cookie.as_bytes().split(|&byte| byte == b'=').next().map(<[u8]>::trim_ascii)
}
