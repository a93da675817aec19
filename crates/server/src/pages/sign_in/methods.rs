//! The ways to sign in that the page knows: a row each. A row names its steps and takes what was entered at them; what a step
//! shows is a variant of [`Step`] and a `when` of the template.

use super::{
    page::{Mailed, Notice, Step},
    steps::Visit,
};
use crate::http::query::Query;
use axum::response::Response;
use std::pin::Pin;

/// A way to sign in.
pub(super) struct Method {
    /// What the buttons of its forms say in `step`.
    steps: &'static [&'static str],
    take: for<'v> fn(&'v Visit<'v>, Entered<'v>) -> Taking<'v>,
}

type Taking<'v> = Pin<Box<dyn Future<Output = Response> + Send + 'v>>;

/// What came with a form.
pub(super) struct Entered<'f> {
    pub(super) step: &'f str,
    pub(super) form: &'f Query,
    /// The step at which it was entered, as its page was shown.
    pub(super) shown: Option<Step>,
}

/// All there are; the first one's page is shown to whoever nothing is known of.
const METHODS: [Method; 1] = [Method {
    steps: &["email", "resend", "code", "change"],
    take: |visit, entered| Box::pin(email(visit, entered)),
}];

/// Takes what was entered at a step of one of the methods; nothing if it is a step of none.
pub(super) async fn take<'v>(visit: &'v Visit<'v>, entered: Entered<'v>) -> Option<Response> {
    let method = METHODS.iter().find(|method| method.steps.contains(&entered.step))?;
    Some((method.take)(visit, entered).await)
}

impl Entered<'_> {
    fn field(&self, name: &'static str) -> &str {
        self.form.optional(name).ok().flatten().unwrap_or_default()
    }

    /// The code that is on its way, if one is.
    fn mailed(&self) -> Option<&Mailed> {
        match &self.shown {
            Some(Step::Code(mailed)) => Some(mailed),
            _ => None,
        }
    }

    /// The address that was entered now, or before.
    pub(super) fn address(&self) -> &str {
        self.mailed().map_or_else(|| self.field("email"), |mailed| &mailed.address)
    }
}

/// An address is entered, then the code that was mailed to it.
async fn email(visit: &Visit<'_>, entered: Entered<'_>) -> Response {
    match (entered.step, entered.mailed()) {
        ("code", Some(mailed)) => visit.code(mailed, entered.field("code")).await,
        ("code", None) => {
            visit.go(Step::Email { address: String::new() }, Some(Notice::plain("error-stale")))
        }
        ("change", _) => visit.go(Step::Email { address: entered.address().to_owned() }, None),
        (_, mailed) => visit.email(entered.address(), mailed).await,
    }
}
