//! What is written down about who did what, and from where.

use super::challenge::ClientPrefix;
use authmint_protocol::{
    id::{ApiKeyId, OperatorTokenId, ProjectId, SessionId, UserId},
    time::Timestamp,
};
use std::{borrow::Cow, fmt};

macro_rules! audit_kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// The kinds of events.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AuditKind {
            $($(#[$doc])* $name,)*
        }

        impl AuditKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The kind's stable text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

audit_kinds! {
    /// A user was created by a first sign-in.
    UserCreated = "user_created";
    /// A sign-in was finished.
    SignedIn = "signed_in";
    /// A sign-in was tried and failed.
    SignInFailed = "sign_in_failed";
    /// A session was opened by a one-time secret.
    SessionOpened = "session_opened";
    /// A used one-time secret came again.
    OneTimeSecretReused = "one_time_secret_reused";
    /// A JWT of another issuer that was traded before came again.
    AssertionReused = "assertion_reused";
    /// A session was ended by its user.
    SignedOut = "signed_out";
    /// A session was ended because two holders of one token were found out.
    TheftFound = "theft_found";
    /// A session was ended by an operator's or an app's doing; the detail says by which.
    SessionEnded = "session_ended";
    /// All sessions of a user were ended.
    UserSessionsEnded = "user_sessions_ended";
    /// A user was disabled, and their sessions ended.
    UserDisabled = "user_disabled";
    /// A disabled user may sign in again.
    UserEnabled = "user_enabled";
    /// A user was deleted, with all that belonged to them.
    UserDeleted = "user_deleted";
    /// A project was made.
    ProjectCreated = "project_created";
    /// A project was renamed or its policy changed.
    ProjectChanged = "project_changed";
    /// Every session of a project that was opened before a moment was ended.
    NotBeforeSet = "not_before_set";
    /// An API key was made.
    ApiKeyMinted = "api_key_minted";
    /// An API key that Crossmint signed was taken over.
    ApiKeyAdopted = "api_key_adopted";
    /// An API key was revoked.
    ApiKeyRevoked = "api_key_revoked";
    /// A project began to trust an issuer.
    IssuerAdded = "issuer_added";
    /// A project stopped trusting an issuer.
    IssuerRemoved = "issuer_removed";
    /// A signing key was made, and published as the next one.
    SigningKeyCreated = "signing_key_created";
    /// A signing key began to sign.
    SigningKeyActivated = "signing_key_activated";
    /// A signing key stopped signing; what it signed stays good.
    SigningKeyRetired = "signing_key_retired";
    /// A signing key was revoked with all that it had signed.
    SigningKeyRevoked = "signing_key_revoked";
    /// An operator token was made.
    OperatorTokenCreated = "operator_token_created";
    /// An operator token was revoked.
    OperatorTokenRevoked = "operator_token_revoked";
}

impl AuditKind {
    /// The kind of this text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Actor {
    /// The person at a device of the user's, or who claims to be.
    #[default]
    User,
    /// A server of the app's, by its key.
    ApiKey(ApiKeyId),
    /// An operator, by a token.
    OperatorToken(OperatorTokenId),
    /// An operator at the command line, who needs no token: the database lies open there.
    CommandLine,
    /// The service itself, as planned.
    Service,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("user"),
            Self::ApiKey(id) => write!(f, "api_key:{id}"),
            Self::OperatorToken(id) => write!(f, "operator_token:{id}"),
            Self::CommandLine => f.write_str("command_line"),
            Self::Service => f.write_str("service"),
        }
    }
}

impl Actor {
    /// Reads what [`Display`](fmt::Display) wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "user" => Some(Self::User),
            None if text == "command_line" => Some(Self::CommandLine),
            None if text == "service" => Some(Self::Service),
            Some(("api_key", id)) => id.parse().ok().map(Self::ApiKey),
            Some(("operator_token", id)) => id.parse().ok().map(Self::OperatorToken),
            _ => None,
        }
    }
}

/// Who did it, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Who.
    pub by: Actor,
    /// From which network, cut as limits count it; unknown for what no request did.
    pub from: Option<ClientPrefix>,
}

impl Origin {
    /// What the service does of itself.
    pub const SERVICE: Self = Self { by: Actor::Service, from: None };
    /// What is done at the command line.
    pub const COMMAND_LINE: Self = Self { by: Actor::CommandLine, from: None };
}

/// One line of the audit trail; it is committed with the change that it tells of, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// Who, and from where.
    pub origin: Origin,
    /// Where; none if it concerns every project.
    pub project_id: Option<ProjectId>,
    /// Whose, if a user is known.
    pub user_id: Option<UserId>,
    /// In which session, if there is one.
    pub session_id: Option<SessionId>,
    /// What more there is to say, such as an error code, a sign-in method or names of settings: never a secret, never
    /// an address of a person, never what a caller made up.
    pub detail: Cow<'static, str>,
}

impl AuditEvent {
    /// A line about a project, or about no project in particular.
    #[must_use]
    pub fn new(at: Timestamp, kind: AuditKind, project_id: Option<ProjectId>, origin: Origin) -> Self {
        Self { at, kind, origin, project_id, user_id: None, session_id: None, detail: Cow::Borrowed("") }
    }

    /// The same, about a user.
    #[must_use]
    pub fn of_user(self, user_id: UserId) -> Self {
        Self { user_id: Some(user_id), ..self }
    }

    /// The same, with more to say.
    #[must_use]
    pub fn saying(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

/// A line of the audit trail as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its number: later lines have greater ones.
    pub number: u64,
    /// The line.
    pub event: AuditEvent,
}

/// Which lines of the audit trail are asked for; the newest come first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// Of this project; none: of every project, and those of none.
    pub project_id: Option<ProjectId>,
    /// Of this kind.
    pub kind: Option<AuditKind>,
    /// About this user.
    pub user_id: Option<UserId>,
    /// About this session.
    pub session_id: Option<SessionId>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Only those with a smaller number: the page after the line of this number.
    pub before_number: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_actors_read_back() {
        for &kind in AuditKind::ALL {
            assert_eq!(AuditKind::from_text(kind.as_str()), Some(kind));
        }
        for actor in [
            Actor::User,
            Actor::ApiKey(ApiKeyId::from_bytes([1; 16])),
            Actor::OperatorToken(OperatorTokenId::from_bytes([2; 16])),
            Actor::CommandLine,
            Actor::Service,
        ] {
            assert_eq!(Actor::from_text(&actor.to_string()), Some(actor));
        }
        for text in ["", "users", "api_key", "api_key:", "api_key:1", "user:1"] {
            assert_eq!(Actor::from_text(text), None, "{text}");
        }
    }
}
