//! `/sign-in`: the page on which a person proves who they are, for apps without sign-in pages of their own.
//!
//! The page keeps no state on the server before the proof: what the app asked for stays in hidden fields and is checked
//! anew with every step. Rules are those of [`flow::sign_in`](authmint_domain::flow::sign_in); here they are only shown.

mod asked;
mod form;
mod methods;
mod page;
mod parts;
mod shown;
mod steps;

pub(crate) use parts::{script, style};

use crate::{
    app::App,
    http::{body, query::Query},
};
use asked::{Asked, Fault};
use authmint_protocol::time::Timestamp;
use axum::{
    extract::{Request, State},
    response::Response,
};
use form::Nonce;
use methods::Entered;
use page::{Notice, Step};
use shown::{AT, Shown};
use steps::Visit;

/// Shows the page, or why it cannot be shown.
pub(crate) async fn show(State(app): State<App>, query: Query, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let asked = match Asked::read(&app, &head, &query).await {
        Ok(asked) => asked,
        Err(fault) => return refused(&app, &head, &query, fault),
    };
    let visit = Visit::new(&app, &head, &asked);
    let at = query.optional(AT).ok().flatten().unwrap_or_default();
    let shown = Shown::read(&app, asked.grant.project().id, at);
    // Whoever comes back after a sign-in is not asked again for the code that it took.
    let since = shown.as_ref().map_or(Timestamp::EPOCH, |shown| shown.since);
    if !asked.anew
        && let Some((address, proof)) = visit.recognised().await
        && proof.at >= since
    {
        return visit.page(Step::Continue { address }, None, "");
    }
    if let Some(Shown { step, notice, .. }) = shown {
        return visit.page(step, notice, at);
    }
    let hint = query.optional("login_hint").ok().flatten().unwrap_or_default();
    visit.page(Step::Email { address: hint.to_owned() }, None, "")
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
    let visit = Visit::new(&app, &head, &asked);
    let field = |name: &'static str| form.optional(name).ok().flatten().unwrap_or_default();
    let shown = Shown::read(&app, asked.grant.project().id, field(AT)).map(|shown| shown.step);
    let entered = Entered { step: field("step"), form: &form, shown };
    let email = |address: &str| Step::Email { address: address.to_owned() };
    if !form::is_own(&app, &head) || !Nonce::of(&app, &head.headers).made(&app, field("form")) {
        return visit.go(email(entered.address()), Some(Notice::plain("error-stale")));
    }
    match entered.step {
        "continue" => visit.carry_on().await,
        "other" => visit.forget(),
        _ => methods::take(&visit, entered).await.unwrap_or_else(|| visit.go(email(""), None)),
    }
}

fn refused(app: &App, head: &http::request::Parts, query: &Query, fault: Fault) -> Response {
    match fault {
        Fault::Told(uri) => parts::redirect(&uri),
        Fault::Shown(lead) => parts::refusal(app, head, query, lead),
        Fault::Unavailable => parts::refusal(app, head, query, "error-unavailable"),
    }
}
