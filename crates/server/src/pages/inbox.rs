//! `/dev/inbox`: the mail of development mode.

use crate::{
    adapter::mailer::{Inbox, InboxMail},
    app::App,
    http::{problem::Problem, reply::Json},
};
use askama::Template;
use authmint_protocol::ErrorCode;
use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use http::{HeaderValue, header};

/// The page loads its own parts and nothing else; mails are shown in frames of their own.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A mail may style itself, and can do nothing else, not even as a page of its own.
const MAIL_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'";

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    mails: Vec<InboxMail>,
}

/// The page.
pub(crate) async fn page(State(app): State<App>) -> Result<Response, Problem> {
    let html = InboxPage { mails: inbox(&app)?.mails() }.render().map_err(|error| {
        tracing::error!(%error, "the inbox page failed");
        Problem::internal()
    })?;
    Ok(text(html, "text/html; charset=utf-8", PAGE_POLICY))
}

/// The mails as data.
pub(crate) async fn json(State(app): State<App>) -> Result<Json<Vec<InboxMail>>, Problem> {
    Ok(Json(inbox(&app)?.mails()))
}

/// One mail as its reader would see it.
pub(crate) async fn mail(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let mail = inbox(&app)?.mails().into_iter().find(|mail| mail.id == id);
    let mail = mail
        .ok_or_else(|| Problem::new(ErrorCode::NotFound, "no such mail; the inbox keeps the last hundred"))?;
    let mut response = text(mail.html, "text/html; charset=utf-8", MAIL_POLICY);
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

/// The page's script.
pub(crate) async fn script() -> Response {
    text(include_str!("inbox.js"), "text/javascript; charset=utf-8", PAGE_POLICY)
}

/// The page's style.
pub(crate) async fn style() -> Response {
    text(include_str!("inbox.css"), "text/css; charset=utf-8", PAGE_POLICY)
}

fn inbox(app: &App) -> Result<&Inbox, Problem> {
    app.inbox().ok_or_else(|| Problem::new(ErrorCode::NotFound, "there is an inbox in development mode only"))
}

fn text(body: impl Into<Body>, kind: &'static str, policy: &'static str) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
