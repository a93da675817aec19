//! Refusals: each flow's error becomes status, code and text here, once.

use super::reply::json_bytes;
use authmint_domain::{
    flow::{
        admin::{
            api_key::KeyError, issuer::IssuerError, operator_token::OperatorTokenError,
            project::ProjectError, session::SessionError, user::UserError,
        },
        authorise::{AuthoriseError, OperatorError},
        exchange::ExchangeError,
        follow::FollowError,
        refresh::RefreshError,
        sign_in::{
            email::{AuthenticateError, SendCodeError},
            page::TradeError,
        },
        signing_keys::KeysError,
        whoami::WhoamiError,
    },
    model::{grant::KeyRefused, operator_token::OperatorTokenRefused},
    port::StoreError,
};
use authmint_protocol::{ErrorCode, wire};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use std::{borrow::Cow, time::Duration};

/// A refusal as it goes out.
#[derive(Debug)]
pub(crate) struct Problem {
    code: ErrorCode,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
    /// What `WWW-Authenticate` says, where a JWT was asked for (RFC 6750, section 3).
    challenge: Option<&'static str>,
}

/// The code of a refusal, for the log line of its request.
#[derive(Clone, Copy)]
pub(crate) struct Refused(pub(crate) ErrorCode);

/// How soon a caller may come back after a fault that is likely to pass.
const SOON: Duration = Duration::from_secs(1);

impl Problem {
    pub(crate) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), retry_after: None, challenge: None }
    }

    /// The service cannot answer now; what happened is for the log, not for the caller.
    pub(crate) fn unavailable() -> Self {
        Self::new(ErrorCode::Unavailable, "the service cannot answer now; try again in a moment").after(SOON)
    }

    /// A fault of the service.
    pub(crate) fn internal() -> Self {
        Self::new(
            ErrorCode::Internal,
            "the service has made a mistake; its operator finds it in the log under this answer's x-request-id",
        )
    }

    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) const fn challenged(mut self, challenge: &'static str) -> Self {
        self.challenge = Some(challenge);
        self
    }

    #[cfg(test)]
    pub(crate) const fn code(&self) -> ErrorCode {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json_bytes(status, &wire::problem::Problem::new(self.code, self.message));
        response.extensions_mut().insert(Refused(self.code));
        if let Some(wait) = self.retry_after {
            // Rounded up: who comes back a little late is let in, who comes back a little early is not.
            let seconds = wait.as_millis().div_ceil(1000).max(1);
            if let Ok(value) = HeaderValue::try_from(seconds.to_string()) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
        }
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable { .. } => tracing::warn!(
                %error,
                "the store did not answer, and the caller was told to try again; if this goes on, look for a full \
                 disk or another process that holds the database"
            ),
            StoreError::BrokenRow { .. } | StoreError::Conflict { .. } => {
                tracing::error!(
                    %error,
                    "the store is not as it should be: somebody else wrote to it, or the disk is damaged; keep a \
                     copy, and go back to a backup if this goes on"
                );
            }
        }
        Self::unavailable()
    }
}

impl From<AuthoriseError> for Problem {
    fn from(error: AuthoriseError) -> Self {
        match error {
            AuthoriseError::Store(error) => error.into(),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<KeyRefused> for Problem {
    fn from(refused: KeyRefused) -> Self {
        Self::new(refused.code(), refused.to_string())
    }
}

impl From<SendCodeError> for Problem {
    fn from(error: SendCodeError) -> Self {
        match error {
            SendCodeError::Store(error) => error.into(),
            SendCodeError::Mail(error) => {
                tracing::warn!(
                    reason = error.reason,
                    "the mail server did not take a mail; check smtp in the configuration, and the mail server's log"
                );
                Self::new(ErrorCode::MailUnavailable, "the mail could not be sent; try again in a moment")
                    .after(SOON)
            }
            refused => {
                let problem = Self::new(refused.code(), refused.to_string());
                match refused.retry_after() {
                    Some(wait) => problem.after(wait),
                    None => problem,
                }
            }
        }
    }
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Store(error) => error.into(),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Store(error) => error.into(),
            RefreshError::Keys(error) => {
                tracing::error!(
                    %error,
                    "there is no key to sign with; `authmint signing-key list` shows what there is"
                );
                Self::unavailable()
            }
            RefreshError::Sign(error) => {
                tracing::error!(
                    %error,
                    "a session JWT could not be signed; if this goes on, revoke the active key: the next one takes over"
                );
                Self::unavailable()
            }
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Store(error) => error.into(),
            ExchangeError::Material(error) => error.into(),
            ExchangeError::Keys(_) => Self::new(error.code(), error.to_string()).after(SOON),
            ExchangeError::Limited(spent) => {
                Self::new(error.code(), error.to_string()).after(spent.retry_after)
            }
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<TradeError> for Problem {
    fn from(error: TradeError) -> Self {
        match error {
            TradeError::NotGenuine(refused) => {
                Self::new(ErrorCode::OneTimeSecretInvalid, refused.to_string())
            }
            TradeError::ProjectMismatch => Self::new(ErrorCode::ProjectMismatch, error.to_string()),
            TradeError::Refused(error) => error.into(),
        }
    }
}

impl From<FollowError> for Problem {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Store(error) => error.into(),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<WhoamiError> for Problem {
    fn from(error: WhoamiError) -> Self {
        match error {
            WhoamiError::Store(error) => error.into(),
            WhoamiError::Unknown => Self::new(ErrorCode::UserUnknown, error.to_string()),
            refused => {
                Self::new(refused.code(), refused.to_string()).challenged("Bearer error=\"invalid_token\"")
            }
        }
    }
}

impl From<OperatorTokenRefused> for Problem {
    fn from(refused: OperatorTokenRefused) -> Self {
        let challenge = match refused {
            OperatorTokenRefused::Missing => "Bearer",
            OperatorTokenRefused::Unknown | OperatorTokenRefused::Expired => "Bearer error=\"invalid_token\"",
        };
        Self::new(refused.code(), refused.to_string()).challenged(challenge)
    }
}

impl From<OperatorError> for Problem {
    fn from(error: OperatorError) -> Self {
        match error {
            OperatorError::Store(error) => error.into(),
            OperatorError::Refused(refused) => refused.into(),
        }
    }
}

impl From<ProjectError> for Problem {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::Store(error) => error.into(),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => error.into(),
            KeyError::Project(error) => error.into(),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<IssuerError> for Problem {
    fn from(error: IssuerError) -> Self {
        match error {
            IssuerError::Store(error) => error.into(),
            IssuerError::Project(error) => error.into(),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Store(error) => error.into(),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            SessionError::User(error) => error.into(),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<OperatorTokenError> for Problem {
    fn from(error: OperatorTokenError) -> Self {
        match error {
            OperatorTokenError::Store(error) => error.into(),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        let code = match error {
            KeysError::Store(error) => return error.into(),
            KeysError::Unknown { .. } => ErrorCode::SigningKeyNotFound,
            KeysError::TooEarly { .. } | KeysError::State(_) => ErrorCode::Conflict,
            KeysError::Contended => return Self::unavailable(),
            KeysError::Sealed { .. } | KeysError::Sign(_) => {
                tracing::error!(%error, "the signing keys are not as they should be");
                return Self::unavailable();
            }
        };
        Self::new(code, error.to_string())
    }
}
