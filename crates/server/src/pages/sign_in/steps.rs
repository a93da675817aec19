//! The steps of a sign-in, each from what the flow answers to what the person sees next.

use super::{
    asked::{Asked, Target},
    form::{self, Nonce},
    page::{Mailed, Notice, Page, Step},
    parts,
    shown::{AT, Shown},
};
use crate::{app::App, texts::Language};
use authmint_domain::{
    flow::sign_in::{
        AdmitError,
        email::{self, AuthenticateError, EnteredCode, SendCodeError},
        page::{self, Given, SignedIn},
    },
    method::email::METHOD,
    model::{challenge::CodeRefused, user::Proof},
    port::Clock as _,
};
use authmint_protocol::{redirect, time::Timestamp};
use axum::response::Response;
use http::{HeaderValue, header, request::Parts};
use std::time::Duration;
use url::form_urlencoded;

/// A person at one step.
pub(super) struct Visit<'v> {
    app: &'v App,
    head: &'v Parts,
    asked: &'v Asked,
    t: Language,
    nonce: Nonce,
}

impl<'v> Visit<'v> {
    pub(super) fn new(app: &'v App, head: &'v Parts, asked: &'v Asked) -> Self {
        let t = parts::language(head, asked.kept("ui_locales"));
        Self { app, head, asked, t, nonce: Nonce::of(app, &head.headers) }
    }

    /// Shows a step; `at` is how the page's address says it.
    pub(super) fn page(&self, step: Step, notice: Option<Notice>, at: &str) -> Response {
        let token = self.nonce.token(self.app);
        let base = self.app.config().public_url.path_prefix();
        let wait = match &step {
            Step::Code(mailed) => Timestamp::from_unix_millis(mailed.resend_at).since(self.now()),
            _ => Duration::ZERO,
        };
        let mut page = Page::new(self.asked, self.t, base, &token, step);
        (page.notice, page.at, page.wait) = (notice, at, (wait + Duration::from_millis(999)).as_secs());
        self.with_nonce(parts::html(&page, http::StatusCode::OK))
    }

    /// Sends the person to a step.
    pub(super) fn go(&self, step: Step, notice: Option<Notice>) -> Response {
        let base = self.app.config().public_url.path_prefix();
        let at = Shown::write(self.app, self.asked.grant.project().id, step, notice);
        let kept = self.asked.kept.iter().map(|(name, value)| (*name, value.as_str()));
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair(AT, &at).finish();
        self.with_nonce(parts::redirect(&format!("{base}/sign-in?{query}")))
    }

    fn with_nonce(&self, mut response: Response) -> Response {
        if let Some(cookie) = self.nonce.cookie(self.app) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    fn now(&self) -> Timestamp {
        self.app.context().clock.now()
    }

    /// Whom the page recognises, if anybody. A store that does not answer recognises nobody.
    pub(super) async fn recognised(&self) -> Option<(String, Proof)> {
        let text = form::page_session(self.app, &self.head.headers)?;
        let found = page::recognise(self.app.context(), &self.asked.grant, text).await;
        found.ok().flatten().and_then(|(user, proof)| Some((user.email?, proof)))
    }

    /// Sends a code, and asks for it; `before` is one that is on its way already.
    pub(super) async fn email(&self, typed: &str, before: Option<&Mailed>) -> Response {
        let sent = email::send_code(self.app.context(), &self.asked.grant, typed, self.t.code()).await;
        let address = typed.trim().to_owned();
        let ask = |email_id: String, wait: Duration| {
            let resend_at = self.now().after(wait).unix_millis();
            Step::Code(Mailed { address: address.clone(), email_id, resend_at })
        };
        let again = |notice: Notice| {
            let email = || Step::Email { address: address.clone() };
            self.go(before.cloned().map_or_else(email, Step::Code), Some(notice))
        };
        match sent {
            Ok(sent) => self.go(ask(sent.email_id, sent.resend_after), None),
            // Whoever asked for a code too soon has one already, and is asked for that.
            Err(SendCodeError::TooSoon(soon)) => {
                self.app.metrics().limited("resend");
                match email::email_id_of(self.app.context(), &self.asked.grant, typed) {
                    Ok(email_id) => {
                        self.go(ask(email_id, soon.retry_after), Some(Notice::plain("error-too-soon")))
                    }
                    Err(_) => again(Notice::plain("error-email")),
                }
            }
            Err(SendCodeError::Limited(spent)) => {
                self.app.metrics().limited("codes");
                again(Notice::Wait("error-limited".into(), spent.retry_after.as_secs().max(1)))
            }
            Err(SendCodeError::Email(_)) => again(Notice::plain("error-email")),
            Err(error @ SendCodeError::Mail(_)) => {
                tracing::warn!(%error, "a mail was not taken; check smtp in the configuration");
                again(Notice::plain("error-mail"))
            }
            Err(SendCodeError::Store(error)) => {
                tracing::warn!(%error, "the store did not answer, and the person was told to try again");
                again(Notice::plain("error-unavailable"))
            }
        }
    }

    /// Tries the code.
    pub(super) async fn code(&self, mailed: &Mailed, code: &str) -> Response {
        let digits: String = code.chars().filter(char::is_ascii_digit).collect();
        let entered = EnteredCode { email: &mailed.address, state: &mailed.email_id, token: &digits };
        let signed_in =
            page::finish_email(self.app.context(), &self.asked.grant, entered, self.asked.purpose).await;
        self.app.metrics().signed_in(METHOD, signed_in.as_ref().err().map(AuthenticateError::code));
        let ask = |notice| self.go(Step::Code(mailed.clone()), Some(Notice::plain(notice)));
        match signed_in {
            Ok(signed_in) => self.done(&signed_in),
            Err(AuthenticateError::Code(CodeRefused::Expired)) => ask("error-code-expired"),
            Err(AuthenticateError::Code(CodeRefused::Burnt)) => ask("error-code-burnt"),
            Err(AuthenticateError::Code(_)) => ask("error-code"),
            Err(AuthenticateError::Email(_)) => self.email_again(&mailed.address, "error-email"),
            Err(AuthenticateError::Admit(error)) => self.not_let_in(&error, &mailed.address),
            Err(AuthenticateError::Store(error)) => {
                tracing::warn!(%error, "the store did not answer, and the person was told to try again");
                ask("error-unavailable")
            }
        }
    }

    /// Continues as whom the page recognises.
    pub(super) async fn carry_on(&self) -> Response {
        let Some((address, proof)) = self.recognised().await else {
            return self.email_again("", "error-stale");
        };
        match page::finish(self.app.context(), &self.asked.grant, proof, self.asked.purpose).await {
            Ok(signed_in) => self.done(&signed_in),
            Err(error) => self.not_let_in(&error, &address),
        }
    }

    /// Ends the page's own session.
    pub(super) fn forget(&self) -> Response {
        let mut response = self.go(Step::Email { address: String::new() }, None);
        response.headers_mut().append(header::SET_COOKIE, form::set_page_session(self.app, None));
        response
    }

    fn not_let_in(&self, error: &AdmitError, address: &str) -> Response {
        let notice = match error {
            AdmitError::MayNotCreate => "error-no-account",
            AdmitError::Disabled(_) => "error-disabled",
            AdmitError::Store(_) => "error-unavailable",
        };
        self.email_again(address, notice)
    }

    fn email_again(&self, address: &str, notice: &'static str) -> Response {
        self.go(Step::Email { address: address.to_owned() }, Some(Notice::plain(notice)))
    }

    /// Sends the person back to the app.
    fn done(&self, signed_in: &SignedIn) -> Response {
        let mut response = match (&self.asked.target, &signed_in.given) {
            (Target::Redirect { uri, state }, Given::Code(code)) => {
                let issuer = self.app.context().issuer.as_str();
                let parameters = [("code", code.reveal()), ("state", state), ("iss", issuer)];
                parts::redirect(&redirect::with_parameters(uri, &parameters))
            }
            (Target::Opener { origin }, Given::Secret(secret)) => {
                let accent = &self.asked.grant.project().policy.accent_color;
                parts::posted(self.app, self.t, accent, origin, secret)
            }
            // The purpose was read together with the target.
            _ => parts::unavailable(),
        };
        let cookies = [
            Some(form::set_page_session(self.app, Some(&signed_in.page_session))),
            Nonce::fresh(self.app).cookie(self.app),
        ];
        for cookie in cookies.into_iter().flatten() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        debug_assert!(response.headers().get_all(header::SET_COOKIE).iter().all(HeaderValue::is_sensitive));
        response
    }
}
