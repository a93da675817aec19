//! Projects and the API keys that open them.

use super::policy::Policy;
use authmint_protocol::{
    api_key::{Environment, Usage},
    id::{ApiKeyId, ProjectId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A tenant in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The `aud` of its session JWTs.
    pub id: ProjectId,
    /// What mails and pages call it.
    pub name: String,
    /// Which of the three environments it is.
    pub environment: Environment,
    /// Its choices.
    pub policy: Policy,
    /// Sessions opened before this moment are over.
    pub not_before: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What pages and mails show of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// What they call the app.
    pub name: String,
    /// The colour, as `#rrggbb`.
    pub accent_color: String,
    /// A `data:` URL of a picture; empty: none.
    pub logo: String,
}

impl Brand {
    /// That of a project.
    #[must_use]
    pub fn of(project: &Project) -> Self {
        let Policy { accent_color, logo, .. } = &project.policy;
        Self { name: project.name.clone(), accent_color: accent_color.clone(), logo: logo.clone() }
    }
}

/// The text is no name of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("name must be 1 to 100 characters in one line: people read it in mails and on pages")]
pub struct InvalidProjectName;

/// Checks a project's name.
///
/// # Errors
/// [`InvalidProjectName`] if it is empty, endless or not one line.
pub fn check_name(name: &str) -> Result<(), InvalidProjectName> {
    let sound = !name.trim().is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control);
    if sound { Ok(()) } else { Err(InvalidProjectName) }
}

/// What an API key may do beyond signing in, refreshing and signing out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// A sign-in may create a user.
    #[serde(rename = "users.create")]
    UsersCreate,
    /// Profiles may be read.
    #[serde(rename = "users.read")]
    UsersRead,
    /// Users may be disabled, enabled and deleted.
    #[serde(rename = "users.write")]
    UsersWrite,
    /// Sessions may be listed.
    #[serde(rename = "sessions.read")]
    SessionsRead,
    /// Sessions may be ended.
    #[serde(rename = "sessions.revoke")]
    SessionsRevoke,
    /// The audit trail may be read.
    #[serde(rename = "events.read")]
    EventsRead,
    /// The project's settings may be read and changed.
    #[serde(rename = "project.write")]
    ProjectWrite,
    /// The revocation feed may be followed.
    #[serde(rename = "feed.read")]
    FeedRead,
}

/// An API key as the service keeps it: a hash, and what the key is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its ID in lists and logs.
    pub id: ApiKeyId,
    /// SHA-256 of its text.
    pub hash: [u8; 32],
    /// The project it opens.
    pub project_id: ProjectId,
    /// Client or server.
    pub usage: Usage,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Who may use it; matters for client keys alone, since they are public.
    pub callers: Callers,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last shown, to the minute; not kept of a key that was never shown.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// From where a client key may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Callers {
    /// Anyone: desktop programs and servers.
    Any,
    /// Pages of these web origins, as browsers write them.
    Origins(Vec<String>),
    /// Pages of any loopback origin, whatever its port: development mode.
    LoopbackOrigins,
    /// Native apps with these identifiers.
    Apps(Vec<String>),
}
