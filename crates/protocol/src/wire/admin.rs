//! Management: `/api/v1` and what the command line prints. Times are ISO 8601 in UTC, spans whole seconds.

use super::object::object;
use crate::secret::{ApiKeyText, OperatorTokenText, disclose};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What the next call says as `cursor` to get the next page; null: this was the last one. Opaque.
    pub next_cursor: Option<String>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    /// Its ID, the `aud` of its session JWTs.
    pub id: String,
    /// What mails and pages call it.
    pub name: String,
    /// `development`, `staging` or `production`; never changes.
    pub environment: String,
    /// When it was made.
    pub created_at: String,
    /// Sessions opened before this moment are over; null: none was ended this way.
    pub not_before: Option<String>,
    /// What it chooses.
    pub settings: Settings,
}

/// What a project chooses; spans are in whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settings {
    /// Life of a session JWT.
    pub session_jwt_ttl: u64,
    /// G: how long after a rotation its contenders still get the same answer.
    pub grace: u64,
    /// M: how long a session answers without rotating again; 0 rotates at every refresh.
    pub settle: u64,
    /// A session ends when nothing rotates it for this long.
    pub idle: u64,
    /// A session ends this long after its sign-in, whatever happens.
    pub absolute: u64,
    /// Life of a one-time secret.
    pub one_time_secret_ttl: u64,
    /// Life of an email code.
    pub code_ttl: u64,
    /// Whether session JWTs carry the user's email address.
    pub email_in_jwt: bool,
    /// What session JWTs are signed with: `ES256`, `RS256` or `EdDSA`.
    pub signing_algorithm: String,
    /// Whether session JWTs are made for Crossmint's custom-token provider, too: `iss` is the project's ID, and
    /// `crossmint.com` stands in `aud` after it. Needs RS256.
    pub crossmint_custom_token: bool,
    /// Claims that every session JWT of the project carries beside those that the service decides.
    pub custom_claims: BTreeMap<String, serde_json::Value>,
    /// Where the sign-in page may send a person back to, each to the letter.
    pub redirect_uris: Vec<String>,
    /// The colour of buttons on pages and in mails, as `#rrggbb`.
    pub accent_color: String,
    /// A small picture on pages, as a `data:` URL of a PNG, JPEG or WebP of at most 32 KiB; empty: none.
    pub logo: String,
}

/// Settings to be made anew; what is missing stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettingsChange {
    /// See [`Settings::session_jwt_ttl`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_jwt_ttl: Option<u64>,
    /// See [`Settings::grace`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<u64>,
    /// See [`Settings::settle`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<u64>,
    /// See [`Settings::idle`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<u64>,
    /// See [`Settings::absolute`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute: Option<u64>,
    /// See [`Settings::one_time_secret_ttl`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_time_secret_ttl: Option<u64>,
    /// See [`Settings::code_ttl`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_ttl: Option<u64>,
    /// See [`Settings::email_in_jwt`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_in_jwt: Option<bool>,
    /// See [`Settings::signing_algorithm`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_algorithm: Option<String>,
    /// See [`Settings::crossmint_custom_token`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crossmint_custom_token: Option<bool>,
    /// See [`Settings::custom_claims`]; all of them at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<BTreeMap<String, serde_json::Value>>,
    /// See [`Settings::redirect_uris`]; all of them at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<String>>,
    /// See [`Settings::accent_color`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent_color: Option<String>,
    /// See [`Settings::logo`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
}

/// Body of `POST /api/v1/projects`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewProject {
    /// What mails and pages call it.
    pub name: String,
    /// `development`, `staging` or `production`.
    pub environment: String,
    /// What it chooses otherwise than the defaults.
    #[serde(default, deserialize_with = "object")]
    pub settings: SettingsChange,
}

/// Body of `PATCH /api/v1/projects/{project_id}`; what is missing stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectChange {
    /// What mails and pages call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it chooses.
    #[serde(default, deserialize_with = "object")]
    pub settings: SettingsChange,
}

/// Body of `POST /api/v1/projects/{project_id}/not-before`; may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotBefore {
    /// Sessions opened before this moment end; missing: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
}

/// An API key, never its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// Its ID in lists and in the audit trail.
    pub id: String,
    /// The project that it opens.
    pub project_id: String,
    /// `client` or `server`.
    pub usage: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// From where it may be used.
    pub callers: Callers,
    /// When it was made.
    pub created_at: String,
    /// When it was last shown, to the minute; null: never.
    pub last_used_at: Option<String>,
    /// When it was revoked; null: it was not.
    pub revoked_at: Option<String>,
}

/// From where an API key may be used: one of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Callers {
    /// Web origins, such as `https://app.example.com`.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Identifiers of native apps, such as `com.example.app`.
    #[serde(default)]
    pub apps: Vec<String>,
    /// Anyone, from wherever.
    #[serde(default)]
    pub anyone: bool,
}

/// Body of `POST /api/v1/projects/{project_id}/api-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewApiKey {
    /// `client` or `server`.
    pub usage: String,
    /// What it may do; missing: what is usual for its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// From where it may be used; for a client key alone.
    #[serde(default, deserialize_with = "object")]
    pub callers: Callers,
}

/// Body of `POST /api/v1/api-keys/adopt`: a key that Crossmint signed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdoptedApiKey {
    /// Its text.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub key: ApiKeyText,
    /// What its project is called, if it is new here.
    pub project_name: String,
    /// What it may do; missing: what is usual for its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// From where it may be used; for a client key alone.
    #[serde(default, deserialize_with = "object")]
    pub callers: Callers,
}

/// An API key that was made, with its text, shown this once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownApiKey {
    /// Its text: only a hash of it is kept.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub key: ApiKeyText,
    /// The key.
    #[serde(flatten)]
    pub api_key: ApiKey,
}

/// A user, as their managers see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The stable ID, the `sub` of session JWTs.
    pub id: String,
    /// The verified email address, if there is one.
    pub email: Option<String>,
    /// When the user first signed in.
    pub created_at: String,
    /// When the user was disabled; null: they were not.
    pub disabled_at: Option<String>,
}

/// A user with the identities that prove them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserDetail {
    /// The user.
    #[serde(flatten)]
    pub user: User,
    /// How the user may sign in.
    pub identities: Vec<Identity>,
}

/// One proven way to be a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Identity {
    /// The sign-in method, such as `email`.
    pub method: String,
    /// Who was proven, such as the address.
    pub subject: String,
}

/// A session with what its device said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Its ID, the `sid` of its session JWTs.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// The sign-in method.
    pub method: String,
    /// When it was opened.
    pub created_at: String,
    /// When it last rotated.
    pub refreshed_at: String,
    /// When it ends unless something rotates it.
    pub expires_at: String,
    /// When it was ended; null: it was not.
    pub ended_at: Option<String>,
    /// Why: `sign_out`, `theft`, `restore`, `operator`, `disabled`, `deleted` or `not_before`.
    pub end_reason: Option<String>,
    /// The network that it was opened from: an IPv4 address, or the /64 of an IPv6 one.
    pub opened_from: Option<String>,
    /// The browser or program, by its own word.
    pub user_agent: Option<String>,
    /// The client package and its version, by its own word.
    pub client: Option<String>,
}

/// A line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Its number: later lines have greater ones.
    pub number: u64,
    /// When.
    pub at: String,
    /// What: a stable word such as `signed_in`.
    pub kind: String,
    /// Who: `user`, `api_key:ID`, `operator_token:ID`, `command_line` or `service`.
    pub actor: String,
    /// From which network: an IPv4 address, or the /64 of an IPv6 one.
    pub from: Option<String>,
    /// In which project; null: it concerns them all.
    pub project_id: Option<String>,
    /// About which user.
    pub user_id: Option<String>,
    /// About which session.
    pub session_id: Option<String>,
    /// What more there is to say, such as an error code or the names of settings.
    pub detail: String,
}

/// An operator token, never its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorToken {
    /// Its ID in lists and in the audit trail.
    pub id: String,
    /// What its operator calls it.
    pub name: String,
    /// When it was made.
    pub created_at: String,
    /// When its time is over; null: never.
    pub expires_at: Option<String>,
    /// When it was last shown, to the minute; null: never.
    pub last_used_at: Option<String>,
    /// When it was revoked; null: it was not.
    pub revoked_at: Option<String>,
}

/// Body of `POST /api/v1/operator-tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewOperatorToken {
    /// What its operator calls it.
    pub name: String,
    /// For how many seconds it lives; missing: until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lives_for: Option<u64>,
}

/// An operator token that was made, with its text, shown this once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownOperatorToken {
    /// Its text: only a hash of it is kept.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub token: OperatorTokenText,
    /// The token.
    #[serde(flatten)]
    pub operator_token: OperatorToken,
}

/// A signing key, its public half alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningKey {
    /// Its name in JWTs and in the key set.
    pub kid: String,
    /// `ES256`, `RS256` or `EdDSA`.
    pub algorithm: String,
    /// `next`, `active`, `retired` or `revoked`.
    pub state: String,
    /// Since when it is in this state.
    pub since: String,
    /// When it was made.
    pub created_at: String,
}
