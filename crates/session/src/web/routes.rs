//! The routes of an app's own server for its own pages, from the head and the body to the whole answer.

use super::AuthRejection;
use crate::{
    client::{Auth, Host},
    error::AuthError,
    guard::{Outcome, RequestHead},
    session::AuthMaterial,
};
use authmint_protocol::{
    secret::{OneTimeSecret, RefreshToken, SessionJwt, disclose},
    wire::user::User,
};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The longest body that these routes read.
pub const BODY_LIMIT: usize = 16 * 1024;

/// One of the routes; all are called by `POST`.
#[derive(Clone, Copy)]
pub(crate) enum Route {
    Exchange,
    Refresh,
    Logout,
}

impl Route {
    pub(crate) const ALL: [Self; 3] = [Self::Exchange, Self::Refresh, Self::Logout];

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Exchange => "/exchange",
            Self::Refresh => "/refresh",
            Self::Logout => "/logout",
        }
    }

    /// Answers a request that may come in and whose body was read, or tells why it was not.
    pub(crate) async fn answer<H: Host>(
        self,
        auth: &Auth<H>,
        head: RequestHead<'_>,
        body: Result<Bytes, AuthError>,
    ) -> Response<Bytes> {
        let answer = match body {
            Ok(body) => self.outcome(auth, head, &body).await,
            Err(refused) => Err(refused),
        };
        answer.unwrap_or_else(|refused| AuthRejection(refused).answer())
    }

    async fn outcome<H: Host>(
        self,
        auth: &Auth<H>,
        head: RequestHead<'_>,
        body: &[u8],
    ) -> Result<Response<Bytes>, AuthError> {
        Ok(match self {
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
            Self::Logout => {
                // The end at the service is tried, and logged if it fails; the user is signed out here in any case.
                let (cookies, _) = auth.logout(head).await;
                let mut answer = nothing();
                cookies.apply(answer.headers_mut());
                answer
            }
        })
    }
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
