//! The closed list of error codes that cross the wire; clients and the SDK decide by them.

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// A stable error code; its text never changes once published.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl ErrorCode {
            /// Every code, in the order of this page.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The text that stands in `code` of a problem answer.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

error_codes! {
    // The four terminal codes of a refresh: only they end what a cookie jar holds.
    /// The text is no refresh token of this service: wrong form, or its MAC does not hold.
    RefreshMalformed = "refresh_malformed", 401;
    /// The token is genuine, but its session does not exist (any more).
    RefreshUnknown = "refresh_unknown", 401;
    /// The session has reached its idle or absolute end.
    SessionExpired = "session_expired", 401;
    /// The session was ended: by sign-out, an operator, or a found theft.
    SessionRevoked = "session_revoked", 401;

    /// The token belongs to another project (cookies ignore ports); leave it alone and go on without it.
    ProjectMismatch = "project_mismatch", 401;

    /// The one-time secret is unknown, malformed or of another project.
    OneTimeSecretInvalid = "one_time_secret_invalid", 401;
    /// The one-time secret was not used in time.
    OneTimeSecretExpired = "one_time_secret_expired", 401;
    /// The one-time secret was used before.
    OneTimeSecretUsed = "one_time_secret_used", 401;

    /// The JWT of another issuer does not verify; the message says by which rule.
    AssertionInvalid = "assertion_invalid", 401;
    /// The JWT of another issuer was traded for a session before.
    AssertionUsed = "assertion_used", 409;
    /// The project trusts no such issuer.
    IssuerNotTrusted = "issuer_not_trusted", 401;
    /// The issuer's keys cannot be had now; the same request may succeed later.
    IssuerUnavailable = "issuer_unavailable", 503;

    /// No API key came with the call.
    ApiKeyMissing = "api_key_missing", 401;
    /// The API key's text is broken.
    ApiKeyMalformed = "api_key_malformed", 401;
    /// The API key is not known here, or it was revoked.
    ApiKeyUnknown = "api_key_unknown", 401;
    /// The client key does not list the calling origin or app.
    OriginNotAllowed = "origin_not_allowed", 403;
    /// The API key lacks the scope that the call needs.
    ScopeMissing = "scope_missing", 403;
    /// A client key came where a server key is needed.
    ServerKeyRequired = "server_key_required", 403;

    /// No operator token came with a call that needs one.
    OperatorTokenMissing = "operator_token_missing", 401;
    /// The operator token is not known here, was revoked, or its time is over.
    OperatorTokenInvalid = "operator_token_invalid", 401;

    /// No session JWT came, or it does not verify.
    JwtInvalid = "jwt_invalid", 401;
    /// The user was disabled by an operator.
    UserDisabled = "user_disabled", 403;
    /// No such user in this project.
    UserUnknown = "user_unknown", 404;
    /// No such session in this project.
    SessionUnknown = "session_unknown", 404;
    /// No such project.
    ProjectUnknown = "project_unknown", 404;
    /// No API key has this ID.
    ApiKeyNotFound = "api_key_not_found", 404;
    /// No operator token has this ID.
    OperatorTokenNotFound = "operator_token_not_found", 404;
    /// No issuer of this ID is trusted by the project.
    IssuerUnknown = "issuer_unknown", 404;
    /// No signing key has this `kid`.
    SigningKeyNotFound = "signing_key_not_found", 404;
    /// A setting lies outside its bounds; the message names each that does.
    SettingsInvalid = "settings_invalid", 400;
    /// What is there does not allow the change; the message says why.
    Conflict = "conflict", 409;

    /// The body is not the JSON that the call expects.
    BodyInvalid = "body_invalid", 400;
    /// The body is larger than the call accepts.
    BodyTooLarge = "body_too_large", 413;
    /// The request's headers are larger than the service accepts.
    HeadersTooLarge = "headers_too_large", 431;
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout", 408;
    /// A query parameter is missing, repeated or wrong.
    ParameterInvalid = "parameter_invalid", 400;
    /// The address is not an email address.
    EmailInvalid = "email_invalid", 400;
    /// The callback URL is not an http or https URL, or the project does not list it.
    CallbackUrlNotAllowed = "callback_url_not_allowed", 400;
    /// The sign-in method does not exist here, or the project does not offer it.
    MethodUnsupported = "method_unsupported", 400;
    /// Nothing answers under this path.
    NotFound = "not_found", 404;
    /// The path exists, the HTTP method does not.
    MethodNotAllowed = "method_not_allowed", 405;

    /// The email code is wrong, or of another address.
    CodeInvalid = "code_invalid", 401;
    /// The email code's time is over.
    CodeExpired = "code_expired", 401;
    /// Too many wrong tries: this code is of no more use.
    CodeBurnt = "code_burnt", 401;
    /// A code was sent a moment ago; `Retry-After` says when another may be.
    ResendTooSoon = "resend_too_soon", 429;
    /// Too many requests of one kind; `Retry-After` says when to come back.
    RateLimited = "rate_limited", 429;

    /// The mail could not be handed to the mail server.
    MailUnavailable = "mail_unavailable", 503;
    /// The service cannot answer now (contention, full disk, shutting down); the same request may succeed later.
    Unavailable = "unavailable", 503;
    /// A fault of the service; it is in the log under the request's ID.
    Internal = "internal", 500;
}

impl ErrorCode {
    /// Whether a refresh refused with this code can never succeed: the cookies that hold it may be cleared.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::RefreshMalformed | Self::RefreshUnknown | Self::SessionExpired | Self::SessionRevoked
        )
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self.status(), 408 | 429 | 500..=599)
    }

    /// The code of this text, if it is one of ours.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_four_codes_are_terminal() {
        let terminal: Vec<_> =
            ErrorCode::ALL.iter().filter(|code| code.is_terminal()).map(|code| code.as_str()).collect();
        assert_eq!(terminal, ["refresh_malformed", "refresh_unknown", "session_expired", "session_revoked"]);
    }

    #[test]
    fn a_code_is_found_by_its_text_and_serialized_as_it() {
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_text(code.as_str()), Some(code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert_eq!(ErrorCode::from_text("no_such_code"), None);
    }
}
