//! What an operator decides of a service, parsed.

use super::public_url::{InvalidPublicUrl, PublicUrl};
use crate::{
    adapter::{mailer::Inbox, outgoing::Lookup},
    http::client_address::TrustedProxies,
};
use authmint_domain::model::{
    outgoing::Reach,
    signing_key::{SCHEDULE, Schedule},
};
use std::time::Duration;

/// How long the audit trail is kept unless an operator wants it otherwise: a year, within which most questions come up.
pub const AUDIT_KEPT_FOR: Duration = Duration::from_secs(365 * 86_400);

/// How a service is to run.
#[derive(Clone)]
pub struct AppConfig {
    /// Where clients reach it.
    pub public_url: PublicUrl,
    /// For developers or for users.
    pub mode: Mode,
    /// Whose `X-Forwarded-*` headers count; nobody's unless named.
    pub trusted_proxies: TrustedProxies,
    /// What a request may cost.
    pub limits: HttpLimits,
    /// How long each state of a signing key lasts.
    pub signing_keys: Schedule,
    /// Whether rate limits are on; off only for load tests in development mode.
    pub limited: bool,
    /// How a request's span continues the trace of a trusted proxy, where somebody collects traces.
    pub continue_trace: Option<ContinueTrace>,
    /// How long lines of the audit trail are kept; none: for good.
    pub audit_kept_for: Option<Duration>,
    /// Where the service may call.
    pub reach: Reach,
    /// How the names of servers that it calls are looked up.
    pub lookup: Lookup,
    /// How long an API key that was looked up, or not found, is taken at its word.
    pub key_cache_ttl: Duration,
}

/// Makes a span part of the trace that the headers of its request name.
pub type ContinueTrace = fn(&tracing::Span, &http::HeaderMap);

/// Whom a service is for.
#[derive(Clone)]
pub enum Mode {
    /// For developers: answers loopback names only, and shows what it mails under `/dev`.
    Development {
        /// Where mail is shown.
        inbox: Inbox,
    },
    /// For users.
    Production,
}

/// What a request may cost before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Bytes of a body.
    pub body: usize,
    /// Bytes of request target and headers.
    pub head: usize,
    /// How many headers.
    pub headers: usize,
    /// How long a request's head may take to arrive; also how long an idle connection is kept.
    ///
    /// Longer than the 60 s after which common load balancers close theirs: else they write into a connection that
    /// is being closed here, and a user sees a fault.
    pub head_timeout: Duration,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long an answer may take to make.
    pub request_timeout: Duration,
    /// How long accepted requests have to finish once the service is told to stop.
    pub drain_timeout: Duration,
    /// Connections at one time; others wait to be accepted.
    pub connections: usize,
    /// Requests a second that one client may make of this process, ten seconds' worth at once; 0 is no limit.
    ///
    /// Far above what a network full of people does, far below what one process can answer.
    pub calls_per_client: u32,
    /// The same for refresh, sign-out and the revocation feed, counted apart; 0 is no limit.
    ///
    /// A quarter of what one process answers on two cores: it keeps a flood from taking everything, and no real use comes near
    /// (4.5 million signed-in users of one app server refresh so often, with JWTs of 15 minutes).
    pub refreshes_per_client: u32,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body: 64 * 1024,
            head: 16 * 1024,
            headers: 64,
            head_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(45),
            drain_timeout: Duration::from_secs(30),
            connections: 16 * 1024,
            calls_per_client: 300,
            refreshes_per_client: 5_000,
        }
    }
}

impl AppConfig {
    /// A service for developers at `public_url`, showing its mail in `inbox`.
    ///
    /// # Errors
    /// [`InvalidPublicUrl`] if the text is no public URL.
    pub fn development(public_url: &str, inbox: Inbox) -> Result<Self, InvalidPublicUrl> {
        Self::new(public_url, Mode::Development { inbox })
    }

    /// A service for users at `public_url`.
    ///
    /// # Errors
    /// [`InvalidPublicUrl`] if the text is no public URL.
    pub fn production(public_url: &str) -> Result<Self, InvalidPublicUrl> {
        Self::new(public_url, Mode::Production)
    }

    /// Whether all clients look like one: TLS ends at a proxy, since this service speaks none, and none is named.
    #[must_use]
    pub const fn hides_clients(&self) -> bool {
        self.public_url.is_https() && self.trusted_proxies.is_empty()
    }

    fn new(public_url: &str, mode: Mode) -> Result<Self, InvalidPublicUrl> {
        let loopback = matches!(mode, Mode::Development { .. });
        Ok(Self {
            public_url: PublicUrl::parse(public_url)?,
            mode,
            trusted_proxies: TrustedProxies::default(),
            limits: HttpLimits::default(),
            signing_keys: SCHEDULE,
            limited: true,
            continue_trace: None,
            audit_kept_for: Some(AUDIT_KEPT_FOR),
            reach: Reach { loopback, allowed_hosts: Vec::new() },
            lookup: Lookup::system(),
            key_cache_ttl: Duration::from_secs(2),
        })
    }
}
