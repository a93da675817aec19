//! The steps of a sign-in, each from what the flow answers to what the person sees next.

use super::{
    asked::{Asked, Target},
    form::{self, Nonce},
    page::{Notice, Page, Step},
    parts,
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
};
use authmint_protocol::redirect;
use axum::response::Response;
use http::{HeaderValue, header, request::Parts};

/// How long until another code may be asked for, where nothing says otherwise.
const RESEND_WAIT: u64 = 30;

/// A person at one step.
pub(super) struct Visit<'v> {
    app: &'v App,
    head: &'v Parts,
    asked: &'v Asked,
    t: Language<'v>,
    nonce: Nonce,
}

impl<'v> Visit<'v> {
    pub(super) fn new(app: &'v App, head: &'v Parts, asked: &'v Asked) -> Self {
        let t = parts::language(app, head, asked.kept("ui_locales"));
        Self { app, head, asked, t, nonce: Nonce::of(app, &head.headers) }
    }

    /// Forgets the nonce of the browser's forms.
    pub(super) fn renew(&mut self) {
        self.nonce = Nonce::fresh(self.app);
    }

    /// Shows a step.
    pub(super) fn page(&self, step: Step, notice: Option<Notice>) -> Response {
        let token = self.nonce.token(self.app);
        let base = self.app.config().public_url.path_prefix();
        let mut page = Page::new(self.asked, self.t, base, &token, step);
        page.notice = notice;
        let mut response = parts::html(&page, http::StatusCode::OK);
        if let Some(cookie) = self.nonce.cookie(self.app) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// Whom the page recognises, if anybody. A store that does not answer recognises nobody.
    pub(super) async fn recognised(&self) -> Option<(String, Proof)> {
        let text = form::page_session(self.app, &self.head.headers)?;
        let found = page::recognise(self.app.context(), &self.asked.grant, text).await;
        found.ok().flatten().and_then(|(user, proof)| Some((user.email?, proof)))
    }

    /// Sends a code, and asks for it.
    pub(super) async fn email(&self, typed: &str, before: &str) -> Response {
        let sent = email::send_code(self.app.context(), &self.asked.grant, typed).await;
        let address = typed.trim().to_owned();
        // Whoever asked for a code too soon has one already, and is asked for that.
        let ask = |email_id: String, wait: u64| Step::Code { address: address.clone(), email_id, wait };
        let again = |notice: Notice| match before {
            "" => self.page(Step::Email { address: address.clone() }, Some(notice)),
            _ => self.page(ask(before.to_owned(), 0), Some(notice)),
        };
        match sent {
            Ok(email_id) => self.page(ask(email_id, RESEND_WAIT), None),
            Err(SendCodeError::TooSoon(soon)) => {
                self.app.metrics().limited("resend");
                let wait = soon.retry_after.as_secs().max(1);
                match email::email_id_of(self.app.context(), &self.asked.grant, typed) {
                    Ok(email_id) => self.page(ask(email_id, wait), Some(Notice::Plain("error-too-soon"))),
                    Err(_) => again(Notice::Plain("error-email")),
                }
            }
            Err(SendCodeError::Limited(spent)) => {
                self.app.metrics().limited("codes");
                again(Notice::Wait("error-limited", spent.retry_after.as_secs().max(1)))
            }
            Err(SendCodeError::Email(_)) => again(Notice::Plain("error-email")),
            Err(error @ SendCodeError::Mail(_)) => {
                tracing::warn!(%error, "a mail was not taken; check smtp in the configuration");
                again(Notice::Plain("error-mail"))
            }
            Err(SendCodeError::Store(error)) => {
                tracing::warn!(%error, "the store did not answer, and the person was told to try again");
                again(Notice::Plain("error-unavailable"))
            }
        }
    }

    /// Tries the code.
    pub(super) async fn code(&self, address: &str, email_id: &str, code: &str) -> Response {
        let digits: String = code.chars().filter(char::is_ascii_digit).collect();
        let entered = EnteredCode { email: address, state: email_id, token: &digits };
        let signed_in =
            page::finish_email(self.app.context(), &self.asked.grant, entered, self.asked.purpose).await;
        self.app.metrics().signed_in(METHOD, signed_in.as_ref().err().map(AuthenticateError::code));
        let ask = |notice| {
            let (address, email_id) = (address.to_owned(), email_id.to_owned());
            self.page(Step::Code { address, email_id, wait: 0 }, Some(Notice::Plain(notice)))
        };
        match signed_in {
            Ok(signed_in) => self.done(&signed_in),
            Err(AuthenticateError::Code(CodeRefused::Expired)) => ask("error-code-expired"),
            Err(AuthenticateError::Code(CodeRefused::Burnt)) => ask("error-code-burnt"),
            Err(AuthenticateError::Code(_)) => ask("error-code"),
            Err(AuthenticateError::Email(_)) => {
                self.page(Step::Email { address: address.to_owned() }, Some(Notice::Plain("error-email")))
            }
            Err(AuthenticateError::Admit(error)) => self.not_let_in(&error, address),
            Err(AuthenticateError::Store(error)) => {
                tracing::warn!(%error, "the store did not answer, and the person was told to try again");
                ask("error-unavailable")
            }
        }
    }

    /// Continues as whom the page recognises.
    pub(super) async fn carry_on(&self) -> Response {
        let Some((address, proof)) = self.recognised().await else {
            return self.page(Step::Email { address: String::new() }, Some(Notice::Plain("error-stale")));
        };
        match page::finish(self.app.context(), &self.asked.grant, proof, self.asked.purpose).await {
            Ok(signed_in) => self.done(&signed_in),
            Err(error) => self.not_let_in(&error, &address),
        }
    }

    /// Ends the page's own session.
    pub(super) fn forget(&self) -> Response {
        let mut response = self.page(Step::Email { address: String::new() }, None);
        response.headers_mut().append(header::SET_COOKIE, form::set_page_session(self.app, None));
        response
    }

    fn not_let_in(&self, error: &AdmitError, address: &str) -> Response {
        let notice = match error {
            AdmitError::MayNotCreate => "error-no-account",
            AdmitError::Disabled(_) => "error-disabled",
            AdmitError::Store(_) => "error-unavailable",
        };
        self.page(Step::Email { address: address.to_owned() }, Some(Notice::Plain(notice)))
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
