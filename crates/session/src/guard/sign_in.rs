//! Sign-in by the service's page: where a person is sent, and what comes of it when they come back.
//!
//! ```text
//! GET …/sign-in?return_to=/cart ──> 303 to the service, with a cookie of this flow: state, verifier, way back
//! GET …/callback?code&state&iss ──> the cookie of this state? its issuer? ── the code is traded ──> 303 to /cart
//! ```
//!
//! Each flow has a cookie of its own, so that two tabs that sign in side by side both end where they began.

use super::{
    Guard,
    begin::{AwaitsAnswer, Candidate, Purpose, Question, Step},
    landing::{Landing, Then, Way},
    outcome::{Outcome, SetCookies},
    request::RequestHead,
};
use crate::error::AuthError;
use authmint_protocol::{
    cookie::{Attributes, AuthCookie, Expiry, SameSite, Scope, clear_cookie, set_cookie},
    pkce,
    redirect::with_parameters,
    secret::{AuthorizationCode, CodeVerifier},
    time::Timestamp,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use std::time::Duration;

/// Name of a flow's cookie, before the tag of its state.
const COOKIE: &str = "__Host-authmint-flow-";
/// The same where there is no TLS: browsers refuse the prefix there.
const COOKIE_ON_LOOPBACK: &str = "authmint-flow-";
/// How long a person may take.
const LIFE: Duration = Duration::from_secs(600);
/// Flows that a browser may have open; more are tabs that nobody comes back to.
const MOST_FLOWS: usize = 4;
/// Cookies of flows that one answer removes: what a request brought by the hundred fills no answer's head.
const MOST_CLEARED: usize = 8;
/// How much of a state names its cookie.
const TAG: usize = 8;
/// The longest way back: it lies in the flow's cookie, and another site can begin flows. So short, all of them together do
/// not fill what proxies take of a request's head.
const LONGEST_WAY: usize = 512;
/// What the app may say of the sign-in, handed on to the page as it is.
const HANDED_ON: [&str; 3] = ["prompt", "login_hint", "ui_locales"];

/// How many drawn bytes a sign-in takes: 16 for its state, 32 for its verifier.
pub const SIGN_IN_DRAW: usize = 48;

/// What a flow's cookie remembers.
struct Flow {
    state: String,
    verifier: CodeVerifier,
    return_to: String,
}

impl Guard {
    /// Begins a sign-in at the service's page: the outcome's [`then`](Outcome::then) says where to send the person, its
    /// cookies must go along.
    ///
    /// `target` is the request's path and query as the browser sent them, whose last segment is the route's name. `drawn`
    /// are random bytes, never used twice.
    pub fn begin_sign_in<'a>(
        &self,
        head: impl Into<RequestHead<'a>>,
        target: &str,
        drawn: &[u8; SIGN_IN_DRAW],
        now: Timestamp,
    ) -> Outcome {
        let (head, parameters) = (head.into(), Parameters::of(target));
        let way = Way::of(target);
        let began = self.sign_in_url(head, &way, &parameters, drawn);
        let (url, flow) = match began {
            Ok(began) => began,
            Err(error) => return Landing::failed(&way, error),
        };
        let mut cookies = SetCookies::default();
        // Browsers send the oldest first (RFC 6265bis, section 5.8.3).
        let open = flow_cookies(head);
        for stale in open[..open.len().saturating_sub(MOST_FLOWS - 1)].iter().take(MOST_CLEARED) {
            clear(&mut cookies, stale, head.is_loopback());
        }
        let value =
            format!("{}.{}.{}", flow.state, flow.verifier.reveal(), BASE64URL.encode(&flow.return_to));
        let expiry = Expiry::At { expires: now.after(LIFE), now };
        let loopback = head.is_loopback();
        match set_cookie(&name(&flow.state, loopback), &value, &attributes(loopback), expiry) {
            Ok(value) => cookies.push(&value),
            Err(error) => return Outcome::of(Err(AuthError::CookieNotWritable(error))),
        }
        Outcome { session: Err(AuthError::NotSignedIn), cookies, then: Some(Then::Redirect(url)) }
    }

    fn sign_in_url(
        &self,
        head: RequestHead<'_>,
        way: &Way<'_>,
        parameters: &Parameters,
        drawn: &[u8; SIGN_IN_DRAW],
    ) -> Result<(String, Flow), AuthError> {
        let page = self.settings.page.as_ref().ok_or(AuthError::ClientKeyMissing)?;
        let redirect_uri = self.redirect_uri(head, way)?;
        let (state, verifier) = drawn.split_at(16);
        let (state, verifier) = (BASE64URL.encode(state), BASE64URL.encode(verifier));
        let challenge = pkce::challenge_of(&verifier).unwrap_or_default();
        let mut query = vec![
            ("client", page.client_key.reveal()),
            ("redirect_uri", redirect_uri.as_str()),
            ("state", state.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", pkce::METHOD),
        ];
        query.extend(HANDED_ON.iter().filter_map(|name| parameters.get(name).map(|value| (*name, value))));
        let url = with_parameters(&page.url, &query);
        let return_to = within_app(parameters.get("return_to")).to_owned();
        Ok((url, Flow { state, verifier: CodeVerifier::new(verifier), return_to }))
    }

    /// Begins to serve the person's way back. Where the conversation ends, the outcome's [`then`](Outcome::then) says what
    /// the person sees next.
    pub fn begin_callback<'a>(&self, head: impl Into<RequestHead<'a>>, target: &str, now: Timestamp) -> Step {
        let (head, parameters) = (head.into(), Parameters::of(target));
        let way = Way::of(target);
        let Some(flow) = parameters.get("state").and_then(|state| Flow::find(head, state)) else {
            let why = "this browser did not begin it, or took longer than ten minutes";
            return Step::Done(Landing::failed(&way, AuthError::SignInUnfinished(why)));
        };
        let mut talk = self.conversation(head, Purpose::Exchange);
        let mut landing = Landing::at(&way, flow.return_to);
        landing.through_page =
            self.settings.cookies.attributes(AuthCookie::Jwt, Scope::Plain, false).same_site
                == SameSite::Strict;
        clear(&mut landing.used, &name(&flow.state, head.is_loopback()), head.is_loopback());
        talk.waiting.clear();
        talk.current = Candidate { scope: Some(Scope::Plain), ..Candidate::default() };
        talk.landing = Some(landing);
        // Whose answer it is (RFC 9207): one of another server would have its code traded here.
        let issuer = parameters.get("iss");
        let known = [Some(self.settings.base_url.as_str()), self.settings.expected.issuer.as_deref()];
        if issuer.is_none() || !known.contains(&issuer) {
            talk.error = AuthError::SignInUnfinished("the answer is not of the service that it was asked of");
            return self.done_without(talk);
        }
        let (Some(code), Ok(redirect_uri)) = (parameters.get("code"), self.redirect_uri(head, &way)) else {
            talk.error = AuthError::SignInUnfinished("the service could not take it on");
            return self.done_without(talk);
        };
        let call = self.call_trade(AuthorizationCode::new(code.to_owned()), flow.verifier, redirect_uri, now);
        Step::Send(call, AwaitsAnswer { talk, question: Question::Refresh(None) })
    }

    /// Where the service sends people back to: as the app says, else to the route `callback` beside the one that was asked
    /// for, under the name by which the browser knows the app. The service takes registered addresses alone.
    fn redirect_uri(&self, head: RequestHead<'_>, way: &Way<'_>) -> Result<String, AuthError> {
        if let Some(uri) = self.settings.page.as_ref().and_then(|page| page.redirect_uri.clone()) {
            return Ok(uri);
        }
        let host = head.host().filter(|host| !host.is_empty());
        let host = host.ok_or(AuthError::RequestInvalid("it does not say which host it is for"))?;
        let scheme = if head.is_loopback() { "http" } else { "https" };
        Ok(format!("{scheme}://{}{}", host.to_ascii_lowercase(), way.callback()))
    }

    /// Where to send a person after a sign-out: what the query of `target` asks for, if that is within the app.
    #[must_use]
    pub fn return_to(&self, target: &str) -> String {
        within_app(Parameters::of(target).get("return_to")).to_owned()
    }
}

impl Flow {
    fn find(head: RequestHead<'_>, state: &str) -> Option<Self> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if state.len() != 22 || !state.bytes().all(sound) {
            return None;
        }
        let value = head.cookie(&name(state, head.is_loopback()))?;
        let mut parts = value.split('.');
        let (known, verifier, return_to) = (parts.next()?, parts.next()?, parts.next()?);
        let return_to = String::from_utf8(BASE64URL.decode(return_to).ok()?).ok()?;
        // What lies in a cookie may have been put there by a neighbour on the same host.
        let return_to = within_app(Some(&return_to)).to_owned();
        (known == state).then(|| Self {
            state: state.to_owned(),
            verifier: CodeVerifier::new(verifier.to_owned()),
            return_to,
        })
    }
}

/// A place within the app: a path with what follows it, and nothing that a browser reads as another host. What is none is
/// the app's root.
fn within_app(text: Option<&str>) -> &str {
    let within = |text: &&str| {
        let bytes = text.as_bytes();
        // Browsers read `\` as `/`, and pass over tabs and line ends (WHATWG URL, section 4.4).
        bytes.len() <= LONGEST_WAY
            && bytes.starts_with(b"/")
            && bytes.get(1) != Some(&b'/')
            && bytes.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\')
    };
    text.filter(within).unwrap_or("/")
}

fn flow_cookies(head: RequestHead<'_>) -> Vec<String> {
    let start = cookie(head.is_loopback());
    head.cookie_names().filter(|found| found.starts_with(start)).map(str::to_owned).collect()
}

const fn cookie(loopback: bool) -> &'static str {
    if loopback { COOKIE_ON_LOOPBACK } else { COOKIE }
}

fn name(state: &str, loopback: bool) -> String {
    format!("{}{}", cookie(loopback), state.get(..TAG).unwrap_or_default())
}

/// Lax: the way back begins at another site.
const fn attributes(loopback: bool) -> Attributes<'static> {
    Attributes {
        domain: None,
        path: "/",
        http_only: true,
        secure: !loopback,
        same_site: SameSite::Lax,
        partitioned: false,
    }
}

fn clear(cookies: &mut SetCookies, name: &str, loopback: bool) {
    if let Ok(value) = clear_cookie(name, &attributes(loopback)) {
        cookies.push(&value);
    }
}

/// The parameters of a request's target; one that comes twice says nothing (RFC 6749, section 3.1).
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(target: &str) -> Self {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Some(value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::within_app;

    #[test]
    fn threat_35_a_way_back_leads_nowhere_but_into_the_app() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../../vectors/redirect/open-redirects.json")).unwrap();
        let payloads = vectors["payloads"].as_array().unwrap();
        assert!(payloads.len() > 200);
        let app = url::Url::parse("https://app.example/auth/callback").unwrap();
        let mut taken = 0;
        for payload in payloads {
            let way = within_app(payload.as_str());
            let landed = app.join(way).unwrap();
            assert_eq!(landed.origin(), app.origin(), "{payload}");
            taken += usize::from(way != "/");
        }
        assert!(taken > 0, "what stays within the app is taken");
        for way in ["/", "/cart", "/a/b?c=d&e=//f#g", "/..//x", "/%2f%2fevil.example"] {
            assert_eq!(within_app(Some(way)), way);
        }
        for way in [
            "",
            "cart",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "/ü",
        ] {
            assert_eq!(within_app(Some(way)), "/", "{way:?}");
        }
        assert_eq!(within_app(Some(&format!("/{}", "a".repeat(512)))), "/");
    }
}
