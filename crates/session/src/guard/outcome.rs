//! What a conversation ends with, and what the app's answer must carry because of it.

use super::{headers::AnswerHeaders, landing::Then};
use crate::{error::AuthError, session::Session};
use http::{HeaderValue, header};

/// The end of a conversation.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The session, or why there is none.
    pub session: Result<Session, AuthError>,
    /// What the app's answer must carry.
    pub cookies: SetCookies,
    /// What the app's answer is, where a person waits for it: on the routes of a sign-in.
    pub then: Option<Then>,
}

impl Outcome {
    pub(super) fn of(session: Result<Session, AuthError>) -> Self {
        Self { session, cookies: SetCookies::default(), then: None }
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
    pub fn apply(&self, headers: &mut impl AnswerHeaders) {
        if self.is_empty() {
            return;
        }
        let by_app = |value: &HeaderValue| {
            headers.any(&header::SET_COOKIE, |other| name(other) == name(value.as_bytes()))
        };
        // All compared before the first is added: one name may well come twice, cleared and set.
        let ours: Vec<_> = self.0.iter().filter(|value| !by_app(value)).cloned().collect();
        for value in ours {
            headers.append(header::SET_COOKIE, value);
        }
        headers.replace(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        let varies = headers.any(&header::VARY, |names| {
            let mut names = names.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
            names.any(|name| name == b"*" || name.eq_ignore_ascii_case(b"cookie"))
        });
        if !varies {
            headers.append(header::VARY, HeaderValue::from_static("Cookie"));
        }
    }

    /// Adds the values of another.
    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
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
fn name(cookie: &[u8]) -> Option<&[u8]> {
    cookie.split(|&byte| byte == b'=').next().map(<[u8]>::trim_ascii)
}
