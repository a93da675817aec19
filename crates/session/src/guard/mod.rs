//! The sans-IO core: it decides what a request is worth, and asks its host for what it cannot do itself.
//!
//! ```text
//! begin(request head, now) ──> Done(outcome)
//!                          ├─> Send(call, waiting)   ── waiting.receive(guard, answer, now) ──> the same three
//!                          └─> Check(waiting)        ── waiting.receive(guard, holds, now)  ──> the same three
//! ```
//!
//! No clock, no network and no randomness in here: time is an argument, chance is a seed that the host draws once.
//! A whole conversation therefore runs in microseconds in a test, and the same core serves hosts that answer a
//! signature check by other means.

mod begin;
mod call;
mod config;
mod examine;
mod follow;
mod foreign;
mod headers;
mod keys;
mod landing;
mod memory;
mod outcome;
mod receive;
mod request;
mod revocation;
mod seed;
mod sign_in;
mod sign_out;
mod verified;

pub use begin::{AwaitsAnswer, AwaitsSignature, Step};
pub use call::{Answer, Call, Progress, SharedKey, TryFailed};
pub use config::AuthOptions;
pub use follow::Revocation;
pub use headers::{AnswerHeaders, RequestHeaders};
pub use landing::{PAGE_POLICY, Then};
pub use outcome::{Outcome, SetCookies};
pub use request::RequestHead;
pub use sign_in::SIGN_IN_DRAW;
pub use sign_out::SignOut;

use crate::{error::ConfigError, session::Source};
use authmint_protocol::{
    ErrorCode, cookie, id::ProjectId, refresh_token, secret::RefreshToken, time::Timestamp, token::Expected,
};
use config::Settings;
use seed::Seeded;

/// The decisions of one app about its sessions, with what it remembers between requests.
pub struct Guard {
    pub(crate) settings: Settings,
    seeded: Seeded,
    keys: keys::Keys,
    foreign: foreign::Foreign,
    verified: verified::VerifiedJwts,
    memory: memory::Memory,
    ended: revocation::Ended,
    feed: follow::Feed,
}

impl Guard {
    /// Makes a guard; `seed` is drawn once by the host and keys every hash in it.
    ///
    /// # Errors
    /// [`ConfigError`] if the options cannot work.
    pub fn new(options: &AuthOptions, seed: [u8; 32]) -> Result<Self, ConfigError> {
        let seeded = Seeded::new(seed);
        let settings = Settings::new(options)?;
        Ok(Self {
            keys: keys::Keys::new(),
            foreign: foreign::Foreign::new(
                &options.issuers,
                options.issuer_cookie.as_deref(),
                settings.expected.issuer.as_deref(),
            )?,
            verified: verified::VerifiedJwts::new(options.jwt_capacity, seeded.clone()),
            memory: memory::Memory::new(&seeded),
            ended: revocation::Ended::new(&seeded),
            feed: follow::Feed::new(settings.revocation),
            settings,
            seeded,
        })
    }

    /// The project whose sessions these are.
    #[must_use]
    pub fn project_id(&self) -> ProjectId {
        self.settings.project_id
    }

    /// Where the service is, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.settings.base_url
    }

    /// What a session JWT must say here.
    #[must_use]
    pub fn expected(&self) -> &Expected {
        &self.settings.expected
    }

    /// Where the service publishes its key set.
    #[must_use]
    pub fn jwks_uri(&self) -> String {
        self.settings.urls.jwks.to_string()
    }

    /// The names of the pair of cookies that the app's server owns.
    #[must_use]
    pub fn cookie_names(&self) -> &cookie::CookieNames {
        self.settings.cookies.names()
    }

    /// Whether JWTs of other issuers are accepted, so that more than cookies decides over a request.
    #[must_use]
    pub fn trusts_others(&self) -> bool {
        self.foreign.get(0).is_some()
    }

    /// Work that may be done beside the requests: the renewal of an ageing key set. Asked after each request, it
    /// answers seldom.
    #[must_use]
    pub fn upkeep(&self, now: Timestamp) -> Option<Call> {
        let own = self.keys.take_renewal(now).then_some(Source::Service);
        let due = own.or_else(|| self.foreign.take_renewal(now).map(Source::Issuer))?;
        Some(self.call_keys(due, now))
    }

    /// Remembers what the service said against a token.
    fn note_refusal(&self, token: &RefreshToken, code: ErrorCode, now: Timestamp) {
        self.memory.refuse(token, code, now);
        // These three are said of genuine tokens only, so the session ID in this one is genuine too.
        let genuine =
            matches!(code, ErrorCode::RefreshUnknown | ErrorCode::SessionExpired | ErrorCode::SessionRevoked);
        if let (true, Some(session)) = (genuine, refresh_token::unverified_session_id(token)) {
            self.ended.insert(session, code, now);
        }
    }
}
