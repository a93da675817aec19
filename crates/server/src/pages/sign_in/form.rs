//! That a form came from a page of ours: a nonce in a cookie, and in the form its MAC.

use crate::app::App;
use authmint_domain::{model::key_ring::KeyUse, port::Entropy as _};
use authmint_protocol::cookie;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use http::{HeaderMap, HeaderValue, header, request::Parts};

/// Names of the page's cookies where it is served by https; without TLS browsers refuse the prefix.
const FORM: &str = "__Host-authmint-form";
const SESSION: &str = "__Host-authmint";

/// The nonce of a browser's forms.
pub(super) struct Nonce {
    text: String,
    /// It was drawn for this answer, which must therefore set it.
    fresh: bool,
}

impl Nonce {
    /// The one that the browser has, or a new one.
    pub(super) fn of(app: &App, headers: &HeaderMap) -> Self {
        let sent =
            cookie_of(app, headers, FORM).filter(|text| text.len() == 22 && BASE64URL.decode(text).is_ok());
        match sent {
            Some(text) => Self { text: text.to_owned(), fresh: false },
            None => Self::fresh(app),
        }
    }

    /// A new one: what was known before a sign-in is worth nothing after it.
    pub(super) fn fresh(app: &App) -> Self {
        let drawn: [u8; 16] = app.context().entropy.draw();
        Self { text: BASE64URL.encode(drawn), fresh: true }
    }

    /// What the form carries.
    pub(super) fn token(&self, app: &App) -> String {
        let ring = &app.context().key_ring;
        let key = ring.active();
        let mac =
            ring.mac(KeyUse::PageForm, key, self.text.as_bytes()).expect("the active key is in the ring");
        format!("{key}.{}", BASE64URL.encode(mac))
    }

    /// Whether a form with this token is of this browser.
    pub(super) fn made(&self, app: &App, token: &str) -> bool {
        let parts = token
            .split_once('.')
            .and_then(|(key, mac)| Some((key.parse().ok()?, BASE64URL.decode(mac).ok()?)));
        !self.fresh
            && parts.is_some_and(|(key, mac): (u32, Vec<u8>)| {
                app.context().key_ring.holds(KeyUse::PageForm, key, self.text.as_bytes(), &mac)
            })
    }

    /// The cookie, if the browser does not have it.
    pub(super) fn cookie(&self, app: &App) -> Option<HeaderValue> {
        self.fresh.then(|| set_cookie(app, FORM, &self.text, None))
    }
}

/// Whether browsers say that the form was sent by a page of this origin; older ones say nothing.
pub(super) fn is_own(app: &App, parts: &Parts) -> bool {
    let own = app.config().public_url.origin();
    let header = |name: &str| parts.headers.get(name).map(|value| value.as_bytes());
    header("sec-fetch-site").is_none_or(|site| site == b"same-origin")
        && header(header::ORIGIN.as_str()).is_none_or(|origin| origin == own.as_bytes())
}

/// The page's own session as the browser sends it.
pub(super) fn page_session<'h>(app: &App, headers: &'h HeaderMap) -> Option<&'h str> {
    cookie_of(app, headers, SESSION)
}

/// Stores the page's own session, or removes it.
pub(super) fn set_page_session(app: &App, text: Option<&str>) -> HeaderValue {
    let life = text.map_or(0, |_| authmint_domain::model::page_session::PAGE_SESSION_TTL.as_secs());
    set_cookie(app, SESSION, text.unwrap_or_default(), Some(life))
}

fn cookie_of<'h>(app: &App, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let name = name_of(app, name);
    let found =
        headers.get_all(header::COOKIE).iter().find_map(|header| cookie::find(header.as_bytes(), name))?;
    std::str::from_utf8(found).ok().filter(|text| !text.is_empty())
}

fn name_of<'n>(app: &App, name: &'n str) -> &'n str {
    if app.config().public_url.is_https() { name } else { name.trim_start_matches("__Host-") }
}

fn set_cookie(app: &App, name: &str, value: &str, life: Option<u64>) -> HeaderValue {
    let secure = if app.config().public_url.is_https() { "; Secure" } else { "" };
    let life = life.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{life}", name_of(app, name));
    let mut header = HeaderValue::try_from(text).expect("names and base64url are plain");
    header.set_sensitive(true);
    header
}
