//! The routes of an app's own server for its own pages, from the head and the body to the whole answer.

use super::{AuthRejection, same_origin};
use crate::{
    client::{Auth, Host},
    error::AuthError,
    guard::{Outcome, PAGE_POLICY, RequestHead, Then},
    session::AuthMaterial,
};
use authmint_protocol::{
    secret::{OneTimeSecret, RefreshToken, SessionJwt, disclose},
    wire::user::User,
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The longest body that these routes read.
#[cfg(any(feature = "axum", feature = "actix"))]
pub const BODY_LIMIT: usize = 16 * 1024;

/// One of the routes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    SignIn,
    Callback,
    SignOut,
    Exchange,
    Refresh,
    Logout,
}

impl Route {
    pub(crate) const ALL: [Self; 6] =
        [Self::SignIn, Self::Callback, Self::SignOut, Self::Exchange, Self::Refresh, Self::Logout];

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::SignIn => "/sign-in",
            Self::Callback => "/callback",
            Self::SignOut => "/sign-out",
            Self::Exchange => "/exchange",
            Self::Refresh => "/refresh",
            Self::Logout => "/logout",
        }
    }

    /// Whether a person follows a link to it; all others change something, and are called by `POST`.
    pub(crate) const fn is_link(self) -> bool {
        matches!(self, Self::SignIn | Self::Callback)
    }

    /// Whether such a request may come in.
    pub(crate) fn admit(self, head: RequestHead<'_>, has_body: bool) -> Result<(), AuthError> {
        match self {
            Self::SignIn | Self::Callback => Ok(()),
            Self::SignOut => same_origin::check_form(head),
            Self::Exchange | Self::Refresh | Self::Logout => same_origin::check(head, has_body),
        }
    }

    /// Answers a request that may come in and whose body was read, or tells why it was not; `target` is its path and query.
    pub(crate) async fn answer<H: Host>(
        self,
        auth: &Auth<H>,
        head: RequestHead<'_>,
        target: &str,
        body: Result<Bytes, AuthError>,
    ) -> Response<Bytes> {
        let answer = match body {
            Ok(body) => self.outcome(auth, head, target, &body).await,
            Err(refused) => Err(refused),
        };
        answer.unwrap_or_else(|refused| AuthRejection(refused).answer())
    }

    async fn outcome<H: Host>(
        self,
        auth: &Auth<H>,
        head: RequestHead<'_>,
        target: &str,
        body: &[u8],
    ) -> Result<Response<Bytes>, AuthError> {
        Ok(match self {
            Self::SignIn => land(&auth.begin_sign_in(head, target)),
            Self::Callback => land(&auth.finish_sign_in(head, target).await),
            Self::Exchange => {
                let ExchangeBody { one_time_secret } = parse(body)?;
                tell(&auth.exchange(head, &one_time_secret).await, false)
            }
            Self::Refresh => {
                let RefreshBody { refresh } =
                    if body.is_empty() { RefreshBody::default() } else { parse(body)? };
                let presented = refresh.filter(|token| !token.reveal().is_empty());
                let held_by_script = presented.is_some();
                tell(&auth.refresh(head, presented).await, held_by_script)
            }
            Self::Logout | Self::SignOut => {
                // The end at the service is tried, and logged if it fails; the user is signed out here in any case.
                let (cookies, _) = auth.logout(head).await;
                let mut answer = if self == Self::Logout {
                    nothing()
                } else {
                    person(&Then::Redirect(auth.guard().return_to(target)), StatusCode::SEE_OTHER)
                };
                cookies.apply(answer.headers_mut());
                answer
            }
        })
    }
}

/// The answer to a person.
fn land(outcome: &Outcome) -> Response<Bytes> {
    let Some(then) = &outcome.then else { return tell(outcome, false) };
    let status = match &outcome.session {
        Ok(_) => StatusCode::OK,
        Err(error) => AuthRejection(error.clone()).status(),
    };
    let mut answer = person(then, status);
    outcome.cookies.apply(answer.headers_mut());
    answer
}

fn person(then: &Then, status: StatusCode) -> Response<Bytes> {
    let (status, name, value, body) = match then {
        Then::Redirect(url) => (StatusCode::SEE_OTHER, header::LOCATION, url.as_str(), Bytes::new()),
        Then::Page(html) => (status, header::CONTENT_SECURITY_POLICY, PAGE_POLICY, Bytes::from(html.clone())),
    };
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    // An address is made of what a URL may hold, or is a path of printable characters.
    headers.insert(name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("/")));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

#[derive(Deserialize)]
struct ExchangeBody {
    #[serde(rename = "oneTimeSecret")]
    one_time_secret: OneTimeSecret,
}

#[derive(Deserialize, Default)]
struct RefreshBody {
    refresh: Option<RefreshToken>,
}

/// The answer that existing browser clients read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MaterialBody<'a> {
    #[serde(serialize_with = "disclose_ref")]
    jwt: &'a SessionJwt,
    refresh_token: RefreshBodyToken<'a>,
    user: &'a User,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefreshBodyToken<'a> {
    /// Only for a caller who held a token before: the one in an `HttpOnly` cookie stays out of reach of scripts.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    expires_at: String,
}

impl<'a> MaterialBody<'a> {
    fn of(material: &'a AuthMaterial, held_by_script: bool) -> Self {
        Self {
            jwt: &material.jwt,
            refresh_token: RefreshBodyToken {
                secret: held_by_script.then(|| material.refresh_token.reveal()),
                expires_at: material.refresh_expires_at.to_iso8601(),
            },
            user: &material.user,
        }
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, AuthError> {
    serde_json::from_slice(body)
        .map_err(|_| AuthError::RequestInvalid("its body is not the JSON that this route takes"))
}

fn tell(outcome: &Outcome, held_by_script: bool) -> Response<Bytes> {
    let mut answer = match &outcome.session {
        Ok(session) => session.renewed().map_or_else(nothing, |material| {
            json(&MaterialBody::of(material, held_by_script), "private, no-store")
        }),
        Err(error) => AuthRejection(error.clone()).answer(),
    };
    outcome.cookies.apply(answer.headers_mut());
    answer
}

fn nothing() -> Response<Bytes> {
    json(&serde_json::json!({}), "private, no-store")
}

pub(super) fn json(body: &impl Serialize, cache_control: &'static str) -> Response<Bytes> {
    let body = serde_json::to_vec(body).expect("strings in a struct are always JSON");
    let mut answer = Response::new(Bytes::from(body));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
    answer
}

fn disclose_ref<S: serde::Serializer>(secret: &&SessionJwt, serializer: S) -> Result<S::Ok, S::Error> {
    disclose(*secret, serializer)
}
