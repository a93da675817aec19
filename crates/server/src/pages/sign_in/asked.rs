//! What an app asks of the sign-in page, checked before anything is shown or sent.
//!
//! Until the app and its redirect URI are proven good, a fault is told on a page, and nobody is sent anywhere (RFC 6749,
//! section 4.1.2.1). From then on a fault is the app's to hear.

use crate::{
    app::App,
    http::{caller, query::Query},
};
use authmint_domain::{
    flow::sign_in::page::Purpose,
    model::grant::{CallOrigin, ProjectGrant},
};
use authmint_protocol::{api_key::Usage, authorization_code::Binding, pkce, redirect, secret::ApiKeyText};
use http::request::Parts;

/// The longest `state`: it goes into a URL that has to fit into everybody's limits.
const LONGEST_STATE: usize = 1024;

/// Parameters that stay with the person from page to page, in hidden fields.
pub(super) const KEPT: [&str; 9] = [
    "client",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "mode",
    "origin",
    "prompt",
    "ui_locales",
];

/// A request that may go on.
pub(super) struct Asked {
    /// Authority over the app's project.
    pub(super) grant: ProjectGrant,
    /// What the sign-in ends with.
    pub(super) purpose: Purpose,
    /// Where it ends.
    pub(super) target: Target,
    /// Whether whom the page recognises must sign in all the same.
    pub(super) anew: bool,
    /// The parameters that stay.
    pub(super) kept: Vec<(&'static str, String)>,
}

/// Where a sign-in ends.
pub(super) enum Target {
    /// At the app's redirect URI.
    Redirect { uri: String, state: String },
    /// At the page of this origin, which opened ours.
    Opener { origin: String },
}

/// Why a request may not go on.
pub(super) enum Fault {
    /// Told on a page, by the name of its text.
    Shown(&'static str),
    /// Told to the app: its redirect URI with the error in it.
    Told(String),
    /// The store cannot answer.
    Unavailable,
}

impl Asked {
    /// Reads a request; `issuer` is what a redirect says of who speaks.
    pub(super) async fn read(app: &App, parts: &Parts, query: &Query) -> Result<Self, Fault> {
        let text = |name: &'static str| query.optional(name).map_err(|_| Fault::Shown("refused-request"));
        let kept: Result<Vec<_>, Fault> = KEPT
            .iter()
            .filter_map(|name| {
                text(name).map(|value| value.map(|value| (*name, value.to_owned()))).transpose()
            })
            .collect();
        let kept = kept?;
        let client = ApiKeyText::new(text("client")?.ok_or(Fault::Shown("refused-client"))?.to_owned());
        let known = app.known_keys().find(app.context(), &client, app.last_used()).await;
        let known = known.map_err(|error| match error {
            authmint_domain::flow::authorise::AuthoriseError::Store(_) => Fault::Unavailable,
            _ => Fault::Shown("refused-client"),
        })?;
        if known.key.usage != Usage::Client {
            return Err(Fault::Shown("refused-client"));
        }
        let from = caller::prefix(parts, app);
        let popup = text("mode")? == Some("popup");
        let origin = text("origin")?.filter(|_| popup);
        if popup && origin.is_none() {
            return Err(Fault::Shown("refused-origin"));
        }
        let asks = CallOrigin { origin, app_identifier: None, from: Some(&from) };
        let refused = if popup { "refused-origin" } else { "refused-client" };
        let grant = known.admit(asks).map_err(|_| Fault::Shown(refused))?;
        let (purpose, target) = match origin {
            // A key for anybody lists no origin, and to anybody nothing is posted.
            Some(_) if !grant.lists_origins() => return Err(Fault::Shown("refused-origin")),
            Some(origin) => (Purpose::Popup, Target::Opener { origin: origin.to_owned() }),
            None => redirected(&grant, query, &app.context().issuer)?,
        };
        let anew = text("prompt")? == Some("login");
        Ok(Self { grant, purpose, target, anew, kept })
    }

    /// The value of a parameter that stays.
    pub(super) fn kept(&self, name: &str) -> Option<&str> {
        self.kept.iter().find(|(kept, _)| *kept == name).map(|(_, value)| value.as_str())
    }
}

fn redirected(grant: &ProjectGrant, query: &Query, issuer: &str) -> Result<(Purpose, Target), Fault> {
    let text = |name: &'static str| query.optional(name).map_err(|_| Fault::Shown("refused-request"));
    let uri = text("redirect_uri")?.ok_or(Fault::Shown("refused-redirect"))?;
    redirect::check(&grant.project().policy.redirect_uris, uri)
        .map_err(|_| Fault::Shown("refused-redirect"))?;
    let state = text("state")?.unwrap_or_default();
    let told = |description: &str| {
        let mut parameters = vec![("error", "invalid_request"), ("error_description", description)];
        if !state.is_empty() && state.len() <= LONGEST_STATE {
            parameters.push(("state", state));
        }
        parameters.push(("iss", issuer));
        Fault::Told(redirect::with_parameters(uri, &parameters))
    };
    if state.is_empty() || state.len() > LONGEST_STATE {
        return Err(told("state is required, and of at most 1024 bytes"));
    }
    if text("response_type")?.is_some_and(|kind| kind != "code") {
        return Err(told("response_type must be code"));
    }
    if text("code_challenge_method")?.is_some_and(|method| method != pkce::METHOD) {
        return Err(told("code_challenge_method must be S256"));
    }
    let challenge = text("code_challenge")?.unwrap_or_default();
    pkce::check_challenge(challenge).map_err(|error| told(&error.to_string()))?;
    let target = Target::Redirect { uri: uri.to_owned(), state: state.to_owned() };
    Ok((Purpose::Code(Binding::of(uri, challenge)), target))
}
