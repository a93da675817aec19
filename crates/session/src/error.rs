//! What can go wrong, each with a stable code and a remedy.

use authmint_protocol::{ErrorCode, api_key::ApiKeyError, cookie, redirect, token::JwtError};
use std::{error::Error as StdError, sync::Arc, time::Duration};

/// Why a request has no session, or why an operation failed.
///
/// [`code`](Self::code) is stable; [`is_retryable`](Self::is_retryable) says whether the same request may succeed
/// later; [`status`](Self::status) is what an app may answer with.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The request carries no session, or one of another app on the same host.
    #[error("not signed in: the request carries no session of this project")]
    NotSignedIn,
    /// The session has ended for good: signed out, revoked, expired.
    #[error("the session has ended ({code}); the user must sign in again")]
    SessionEnded {
        /// The service's terminal code.
        code: ErrorCode,
    },
    /// The session JWT is refused, and there is no refresh token to get a better one.
    #[error("the session JWT is refused, and no refresh token came with it: {0}")]
    JwtRefused(#[source] JwtError),
    /// The session may well live, but only a refresh can tell, and a read-only look may not refresh.
    #[error(
        "the session needs a refresh, which a read-only look may not do; use get_session where cookies can be set"
    )]
    RefreshNeeded,
    /// A one-time secret is of no use (any more).
    #[error("the sign-in cannot be finished ({code}); the user must start it again")]
    SignInRefused {
        /// The service's code.
        code: ErrorCode,
    },
    /// A person came back from the sign-in page with something that does not belong to a sign-in of this browser.
    #[error("the sign-in cannot be finished: {0}; the user must start it again")]
    SignInUnfinished(&'static str),
    /// The routes of the sign-in page need a client key, and the app gave none.
    #[error(
        "the sign-in page is asked with a client key: give the SDK the option client_key (clientKey), a key ck_… of the project"
    )]
    ClientKeyMissing,
    /// A JWT that the service made a moment ago does not pass; another refresh would not help.
    #[error("the service's own session JWT is refused, so this is a fault of configuration: {0}")]
    Misconfigured(#[source] JwtError),
    /// The service understood the call and declined it for a reason that only a person can mend.
    #[error("the service declined the call with status {status} ({code}): {message}")]
    Declined {
        /// The HTTP status.
        status: u16,
        /// The service's code; empty if the answer held none.
        code: String,
        /// The service's sentence.
        message: String,
    },
    /// The service gave no usable answer in time; cookies are kept, and the same request may succeed later.
    #[error("the authentication service is unavailable: {cause}; try again")]
    Unavailable {
        /// What happened.
        #[source]
        cause: UnavailableCause,
        /// When the service wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The text is not a user ID.
    #[error("not a user ID: a UUID is expected")]
    UserIdInvalid,
    /// The service knows no such user in this project.
    #[error("no such user in this project")]
    UserUnknown,
    /// The new cookies would not survive in a browser.
    #[error("the session cookie cannot be written: {0}")]
    CookieNotWritable(#[source] cookie::CookieNotWritable),
    /// A state-changing route was called from another site, or not with JSON.
    #[error("the request was refused: {0}")]
    RequestRefused(&'static str),
    /// A state-changing route was called with a body that it does not understand.
    #[error("the request is not understood: {0}")]
    RequestInvalid(&'static str),
    /// A handler asks for a session, but nothing checked the request.
    #[error(
        "no session was looked for: put AuthLayer of authmint::tower, or AuthMiddleware of authmint::actix, around the \
         routes that need one"
    )]
    LayerMissing,
}

/// Why the service gave no usable answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum UnavailableCause {
    /// No answer came within the limit.
    #[error("it did not answer in time")]
    TimedOut,
    /// The connection failed.
    #[error("it cannot be reached: {0}")]
    Network(#[source] TransportError),
    /// It answered with a status that says so.
    #[error("it answered with status {0}")]
    Status(u16),
    /// It answered with something else than its protocol says.
    #[error("its answer cannot be read")]
    BrokenAnswer,
    /// The JWT's key is not in the key set, which was fetched a moment ago.
    #[error("its key set does not hold the session JWT's key yet")]
    KeyUnknown,
    /// The revocation feed was not heard for a while, and the app requires it.
    #[error("its revocation feed was not heard for a while, and this app serves no session without it")]
    FeedStale,
    /// It failed a moment ago and is not asked again so soon.
    #[error("it failed a moment ago")]
    FailedBefore,
}

/// An error of the network, shared by everyone who waited for the same call.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(#[source] Arc<dyn StdError + Send + Sync>);

impl TransportError {
    /// Wraps what the transport reports; its text must not hold the request's body or headers.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl AuthError {
    /// The stable code, the same in every language.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::NotSignedIn => "not_signed_in",
            Self::SessionEnded { code } | Self::SignInRefused { code } => code.as_str(),
            Self::JwtRefused(error) => error.code(),
            Self::RefreshNeeded => "refresh_needed",
            Self::SignInUnfinished(_) => "sign_in_unfinished",
            Self::ClientKeyMissing => "client_key_missing",
            Self::Misconfigured(_) => "misconfigured",
            Self::Declined { code, .. } if code.is_empty() => "declined",
            Self::Declined { code, .. } => code,
            Self::Unavailable { .. } => "unavailable",
            Self::UserIdInvalid => "user_id_invalid",
            Self::UserUnknown => "user_unknown",
            Self::CookieNotWritable(_) => "cookie_not_writable",
            Self::RequestRefused(_) => "request_refused",
            Self::RequestInvalid(_) => "request_invalid",
            Self::LayerMissing => "layer_missing",
        }
    }

    /// Whether the same request may succeed later without anyone changing anything.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// The HTTP status that tells the app's own client the same.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotSignedIn | Self::SessionEnded { .. } | Self::JwtRefused(_) | Self::RefreshNeeded => 401,
            Self::SignInRefused { .. } => 401,
            Self::UserIdInvalid | Self::RequestInvalid(_) | Self::SignInUnfinished(_) => 400,
            Self::RequestRefused(_) => 403,
            Self::UserUnknown => 404,
            Self::Unavailable { .. } => 503,
            Self::Misconfigured(_)
            | Self::Declined { .. }
            | Self::CookieNotWritable(_)
            | Self::ClientKeyMissing
            | Self::LayerMissing => 500,
        }
    }

    /// Of a route that is called with a body it cannot take in.
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) const BODY_UNREADABLE: Self =
        Self::RequestInvalid("its body is longer than 16 KiB, or broke off");

    pub(crate) const fn unavailable(cause: UnavailableCause) -> Self {
        Self::Unavailable { cause, retry_after: None }
    }
}

/// The options contradict each other or cannot work; found when the guard is made, not when a person signs in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The API key cannot be used here.
    #[error(transparent)]
    ApiKey(#[from] ApiKeyError),
    /// The cookie options contradict each other.
    #[error(transparent)]
    Cookies(#[from] cookie::InvalidCookieOptions),
    /// The client key is another project's.
    #[error("the client key belongs to another project than the API key")]
    ClientKeyForeign,
    /// The redirect URI could not be registered.
    #[error(transparent)]
    RedirectUriInvalid(#[from] redirect::InvalidRedirectUri),
    /// There is no base URL, and the key was not issued by Crossmint, whose hosts are known.
    #[error("no base URL: set it to the public URL of your authmint service")]
    BaseUrlMissing,
    /// The base URL is not one.
    #[error("the base URL must be an http or https URL without user, query and fragment")]
    BaseUrlInvalid,
    /// A limit of time is zero, or one try may take longer than all of them.
    #[error("the time limits must be above zero, and that of one try at most that of all")]
    LimitsInvalid,
    /// The revocation feed is required of a service that has none.
    #[error(
        "there is no revocation feed to require: it needs a server key, and a base URL of your own, since Crossmint's hosted service has none"
    )]
    FeedMissing,
    /// Another issuer cannot be trusted by these terms; the text names every fault.
    #[error("an issuer cannot be trusted as it is given: {0}")]
    IssuerInvalid(String),
    /// The system gave no random bytes, or the HTTP client could not be made.
    #[error("the SDK cannot start on this system: {0}")]
    System(String),
}

impl ConfigError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ApiKey(error) => error.code(),
            Self::Cookies(_) => "cookie_options_invalid",
            Self::ClientKeyForeign => "client_key_foreign",
            Self::RedirectUriInvalid(_) => "redirect_uri_invalid",
            Self::BaseUrlMissing => "base_url_missing",
            Self::BaseUrlInvalid => "base_url_invalid",
            Self::LimitsInvalid => "limits_invalid",
            Self::FeedMissing => "feed_missing",
            Self::IssuerInvalid(_) => "issuer_invalid",
            Self::System(_) => "system",
        }
    }
}
