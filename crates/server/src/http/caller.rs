//! Who calls: an API key that permits it, and the address of the connection.

use super::problem::Problem;
use crate::{app::App, telemetry};
use authmint_domain::model::{
    challenge::ClientPrefix,
    grant::{CallOrigin, ProjectGrant},
    session::Device,
};
use authmint_protocol::{
    ErrorCode,
    secret::{ApiKeyText, SessionJwt},
};
use axum::extract::{ConnectInfo, FromRequestParts};
use http::{Extensions, HeaderMap, header, request::Parts};
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

/// A caller whose API key permits the call.
pub(crate) struct Caller {
    /// What the key permits.
    pub(crate) grant: ProjectGrant,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let text = single(&parts.headers, "x-api-key")?.filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| {
            Problem::new(ErrorCode::ApiKeyMissing, "an API key is required; send it in the header x-api-key")
        })?;
        let key =
            app.known_keys().find(app.context(), &ApiKeyText::new(text.to_owned()), app.last_used()).await?;
        telemetry::note_project(key.project.id);
        let from = prefix(parts, app);
        let origin = CallOrigin {
            origin: single(&parts.headers, "origin")?,
            app_identifier: single(&parts.headers, "x-app-identifier")?,
            from: Some(&from),
        };
        Ok(Self { grant: key.admit(origin)? })
    }
}

/// Where a call comes from, as limits count it.
///
/// The address is the connection's, or what trusted proxies say: see [`TrustedProxies`](super::client_address).
pub(crate) fn prefix(parts: &Parts, app: &App) -> ClientPrefix {
    ClientPrefix::of(app.config().trusted_proxies.client(peer(&parts.extensions), &parts.headers))
}

/// The address of the connection; a request without one was made in this process.
pub(crate) fn peer(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip())
}

/// A header that decides something: once, or not at all, and in plain text.
pub(super) fn single<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) if value.to_str().is_ok() => Ok(value.to_str().ok()),
        _ => {
            let text = format!("the header {name} must come once, and in plain characters");
            Err(Problem::new(ErrorCode::ParameterInvalid, text))
        }
    }
}

/// What came as `Authorization: Bearer` (RFC 6750, section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let value = single(headers, header::AUTHORIZATION.as_str())?;
    let parts = value.and_then(|value| value.split_once(' '));
    Ok(parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim()))
}

/// The session JWT of a call, where one is needed (RFC 6750, section 2.1).
pub(crate) struct Bearer(pub(crate) SessionJwt);

impl FromRequestParts<App> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let jwt = bearer(&parts.headers)?.map(|token| SessionJwt::new(token.to_owned()));
        jwt.map(Self).ok_or_else(|| {
            let text = "a session JWT is required; send it as Authorization: Bearer";
            Problem::new(ErrorCode::JwtInvalid, text).challenged("Bearer")
        })
    }
}

/// Which languages the person at the caller's device understands, as far as it says so.
pub(crate) struct Languages(pub(crate) String);

impl FromRequestParts<App> for Languages {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Infallible> {
        let listed = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self(listed.unwrap_or_default().to_owned()))
    }
}

/// What the caller's device says of itself, for people to recognise it by.
pub(crate) struct CallerDevice(pub(crate) Device);

impl FromRequestParts<App> for CallerDevice {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let text = |name: &str, most: usize| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some(value.chars().filter(|c| !c.is_control()).take(most).collect::<String>())
        };
        let client = text("x-client-name", 64).map(|name| match text("x-client-version", 32) {
            Some(version) => format!("{name} {version}"),
            None => name,
        });
        Ok(Self(Device { user_agent: text("user-agent", 256), client }))
    }
}
