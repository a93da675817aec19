//! `/sign-in`: the page on which a person proves who they are, for apps without sign-in pages of their own.
//!
//! The page keeps no state on the server before the proof: what the app asked for stays in hidden fields and is checked
//! anew with every step. Rules are those of [`flow::sign_in`](authmint_domain::flow::sign_in); here they are only shown.

mod asked;
mod form;
mod page;
mod parts;
mod steps;

pub(crate) use parts::{script, style};

use crate::{
    app::App,
    http::{body, query::Query},
};
use asked::{Asked, Fault};
use axum::{
    extract::{Request, State},
    response::Response,
};
use form::Nonce;
use page::{Notice, Step};
use steps::Visit;

/// Shows the page, or why it cannot be shown.
pub(crate) async fn show(State(app): State<App>, query: Query, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let asked = match Asked::read(&app, &head, &query).await {
        Ok(asked) => asked,
        Err(fault) => return refused(&app, &head, &query, fault),
    };
    let visit = Visit::new(&app, &head, &asked);
    if !asked.anew
        && let Some((address, _)) = visit.recognised().await
    {
        return visit.page(Step::Continue { address }, None);
    }
    let hint = query.optional("login_hint").ok().flatten().unwrap_or_default();
    visit.page(Step::Email { address: hint.to_owned() }, None)
}

/// Takes a step.
pub(crate) async fn step(State(app): State<App>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let request = Request::from_parts(head.clone(), body);
    let form = match body::form(request, &app.config().limits).await {
        Ok(form) => form,
        Err(problem) => return axum::response::IntoResponse::into_response(problem),
    };
    let asked = match Asked::read(&app, &head, &form).await {
        Ok(asked) => asked,
        Err(fault) => return refused(&app, &head, &form, fault),
    };
    let mut visit = Visit::new(&app, &head, &asked);
    let field = |name: &'static str| form.optional(name).ok().flatten().unwrap_or_default();
    if !form::is_own(&app, &head) || !Nonce::of(&app, &head.headers).made(&app, field("form")) {
        visit.renew();
        let step = Step::Email { address: field("email").to_owned() };
        return visit.page(step, Some(Notice::Plain("error-stale")));
    }
    match field("step") {
        "code" => visit.code(field("email"), field("email_id"), field("code")).await,
        "email" | "resend" => visit.email(field("email"), field("email_id")).await,
        "continue" => visit.carry_on().await,
        "other" => visit.forget(),
        _ => visit.page(Step::Email { address: field("email").to_owned() }, None),
    }
}

fn refused(app: &App, head: &http::request::Parts, query: &Query, fault: Fault) -> Response {
    match fault {
        Fault::Told(uri) => parts::redirect(&uri),
        Fault::Shown(lead) => parts::refusal(app, head, query, lead),
        Fault::Unavailable => parts::refusal(app, head, query, "error-unavailable"),
    }
}
