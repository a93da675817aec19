//! What is written down about who did what.

use authmint_protocol::{
    id::{ProjectId, SessionId, UserId},
    time::Timestamp,
};

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditKind {
    /// A user was created by a first sign-in.
    UserCreated,
    /// A sign-in was finished.
    SignedIn,
    /// A sign-in was tried and failed.
    SignInFailed,
    /// A session was opened by a one-time secret.
    SessionOpened,
    /// A used one-time secret came again.
    OneTimeSecretReused,
    /// A session was ended by its user.
    SignedOut,
    /// A session was ended because two holders of one token were found out.
    TheftFound,
    /// A project was made.
    ProjectCreated,
    /// A project was renamed or its policy changed.
    ProjectChanged,
    /// An API key was made.
    ApiKeyMinted,
    /// An API key that Crossmint signed was taken over.
    ApiKeyAdopted,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// A session was ended by an operator's doing; the detail says by which.
    SessionEnded,
}

impl AuditKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::UserCreated,
        Self::SignedIn,
        Self::SignInFailed,
        Self::SessionOpened,
        Self::OneTimeSecretReused,
        Self::SignedOut,
        Self::TheftFound,
        Self::ProjectCreated,
        Self::ProjectChanged,
        Self::ApiKeyMinted,
        Self::ApiKeyAdopted,
        Self::ApiKeyRevoked,
        Self::SessionEnded,
    ];

    /// The kind of this text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The kind's stable text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserCreated => "user_created",
            Self::SignedIn => "signed_in",
            Self::SignInFailed => "sign_in_failed",
            Self::SessionOpened => "session_opened",
            Self::OneTimeSecretReused => "one_time_secret_reused",
            Self::SignedOut => "signed_out",
            Self::TheftFound => "theft_found",
            Self::ProjectCreated => "project_created",
            Self::ProjectChanged => "project_changed",
            Self::ApiKeyMinted => "api_key_minted",
            Self::ApiKeyAdopted => "api_key_adopted",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::SessionEnded => "session_ended",
        }
    }
}

/// One line of the audit trail; it is committed with the change that it tells of, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// Where.
    pub project_id: ProjectId,
    /// Whose, if a user is known.
    pub user_id: Option<UserId>,
    /// In which session, if there is one.
    pub session_id: Option<SessionId>,
    /// A stable word that says more, such as an error code or a sign-in method; never a secret.
    pub detail: &'static str,
}

/// A line of the audit trail about what an operator did to a project or one of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// To which project.
    pub project_id: ProjectId,
    /// Which key, or which settings; never a secret.
    pub detail: String,
}

/// A line of the audit trail as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// Whose, if a user is known.
    pub user_id: Option<UserId>,
    /// In which session, if there is one.
    pub session_id: Option<SessionId>,
    /// A stable word that says more.
    pub detail: String,
}
