//! What the pages of a sign-in are made of: their answers, their style and their script.

use super::page::End;
use crate::{
    app::App,
    http::{problem::Problem, query::Query},
    texts::{Language, Texts},
};
use askama::Template;
use authmint_domain::model::policy::ACCENT_COLOR;
use authmint_protocol::secret::OneTimeSecret;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use serde_json::json;

/// What a page may load and do: parts of this service, pictures that stand in it, and forms that lead here. The redirect at
/// the end leads to the app, and browsers hold redirects of a form against `form-action`, too; so it is left open to https
/// and to this machine, and what the form posts to is ours by its own text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; \
                      frame-ancestors 'none'";

/// Seconds for which browsers keep script and style.
const KEPT: &str = "public, max-age=3600";

/// A page.
pub(super) fn html(page: &impl Template, status: StatusCode) -> Response {
    let Ok(text) = page.render() else {
        tracing::error!("a page of the sign-in could not be written");
        return unavailable();
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // The page's own forms say where they come from, and nobody else hears of the page's address.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Sends the person on; 303, so that nothing that was posted is posted again (RFC 9700, section 4.12).
pub(super) fn redirect(uri: &str) -> Response {
    let Ok(mut location) = HeaderValue::try_from(uri) else { return unavailable() };
    location.set_sensitive(true);
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// A fault that nobody on the page can mend.
pub(super) fn unavailable() -> Response {
    Problem::unavailable().into_response()
}

/// The page that says why a sign-in cannot go on.
pub(super) fn refusal(app: &App, head: &Parts, query: &Query, lead: &'static str) -> Response {
    let t = language(head, query.optional("ui_locales").ok().flatten());
    let status =
        if lead == "error-unavailable" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BAD_REQUEST };
    let end = End {
        t,
        base: app.config().public_url.path_prefix(),
        accent: ACCENT_COLOR.trim_start_matches('#'),
        heading: "heading-refused",
        lead,
        hint: "hint-refused",
        message: None,
    };
    html(&end, status)
}

/// The page that posts what a sign-in ended with to the page that opened it, as existing clients expect it.
pub(super) fn posted(app: &App, t: Language, accent: &str, origin: &str, secret: &OneTimeSecret) -> Response {
    let body = json!({
        "event": "authMaterialFromPopupCallback",
        "data": { "oneTimeSecret": secret.reveal() },
    });
    let body = body.to_string();
    let end = End {
        t,
        base: app.config().public_url.path_prefix(),
        accent: accent.trim_start_matches('#'),
        heading: "heading-done",
        lead: "lead-done",
        hint: "lead-done",
        message: Some((origin, &body)),
    };
    html(&end, StatusCode::OK)
}

/// The language of a person.
pub(super) fn language(head: &Parts, wanted: Option<&str>) -> Language {
    let accepted = head.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Texts::all().choose(wanted, accepted)
}

#[derive(Template)]
#[template(path = "sign_in/style.css", escape = "none")]
struct Style {
    accent: String,
    on_accent: &'static str,
}

/// The style, in a project's colour.
pub(crate) async fn style(State(_app): State<App>, query: Query) -> Response {
    let asked = query.optional("accent").ok().flatten().filter(|text| is_color(text));
    let accent = asked.unwrap_or(ACCENT_COLOR.trim_start_matches('#')).to_ascii_lowercase();
    let on_accent = if is_light(&accent) { "#000" } else { "#fff" };
    part(Style { accent, on_accent }.render().unwrap_or_default(), "text/css; charset=utf-8")
}

/// The script.
pub(crate) async fn script() -> Response {
    part(include_str!("script.js").to_owned(), "text/javascript; charset=utf-8")
}

fn part(text: String, kind: &'static str) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(KEPT));
    response
}

fn is_color(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether dark text reads better on a colour than white: by relative luminance (WCAG 2.2), at the point where both
/// contrasts are equal.
fn is_light(color: &str) -> bool {
    let channel = |at: usize| {
        let value = u8::from_str_radix(color.get(at..at + 2).unwrap_or("00"), 16).unwrap_or(0);
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4) > 0.179
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_every_accent_can_be_read() {
        for (color, light) in
            [("ffffff", true), ("000000", false), ("3b5bdb", false), ("ffd43b", true), ("c92a2a", false)]
        {
            assert_eq!(is_light(color), light, "{color}");
        }
    }
}
