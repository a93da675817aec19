//! Authority as a value: whoever holds a [`ProjectGrant`] has shown an API key that permits it.

use super::{
    audit::{Actor, Origin},
    challenge::ClientPrefix,
    operator_token::{OperatorTokenRecord, OperatorTokenRefused},
    project::{ApiKeyRecord, Callers, Project, Scope},
};
use authmint_protocol::{ErrorCode, api_key::Usage, id::ProjectId, time::Timestamp};
use std::sync::Arc;

/// Who calls, as far as the request's headers tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallOrigin<'r> {
    /// The `Origin` header, which browsers set and pages cannot forge.
    pub origin: Option<&'r str>,
    /// The `x-app-identifier` header of native apps.
    pub app_identifier: Option<&'r str>,
    /// The network that the call comes from; none: it was made in this process.
    pub from: Option<&'r ClientPrefix>,
}

/// A key was shown, but it does not permit the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// The key was revoked.
    #[error("this API key was revoked; make a new one")]
    Revoked,
    /// A client key from a page that it does not list. Clients look for the quoted origin in the text.
    #[error("Request from origin \"{0}\" is not allowed by this API key; add the origin to the key")]
    Origin(String),
    /// A client key from an app that it does not list.
    #[error("Request from app \"{0}\" is not allowed by this API key; add the app identifier to the key")]
    App(String),
    /// The key lacks a scope.
    #[error("this API key lacks the scope {0}")]
    Scope(&'static str),
    /// A client key where a server key is needed.
    #[error("Disallowed API key. You passed a client API key, but a server API key is required.")]
    ServerKeyRequired,
}

impl KeyRefused {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Revoked => ErrorCode::ApiKeyUnknown,
            Self::Origin(_) | Self::App(_) => ErrorCode::OriginNotAllowed,
            Self::Scope(_) => ErrorCode::ScopeMissing,
            Self::ServerKeyRequired => ErrorCode::ServerKeyRequired,
        }
    }
}

/// The authority to act in one project within a key's limits.
#[derive(Debug, Clone)]
pub struct ProjectGrant {
    project: Arc<Project>,
    key: Arc<ApiKeyRecord>,
    from: ClientPrefix,
}

impl ProjectGrant {
    /// Admits a call that showed `key`, whose project is `project`.
    ///
    /// A call without an origin (a server, a native app) is not refused for its origin: the header protects people
    /// in browsers, where a page cannot leave it out.
    ///
    /// # Errors
    /// [`KeyRefused`] if the key was revoked or does not list the caller.
    pub fn admit(
        project: Arc<Project>,
        key: Arc<ApiKeyRecord>,
        caller: CallOrigin<'_>,
    ) -> Result<Self, KeyRefused> {
        if key.revoked_at.is_some() || key.project_id != project.id {
            return Err(KeyRefused::Revoked);
        }
        if key.usage == Usage::Client {
            match (&key.callers, caller) {
                (Callers::Origins(list), CallOrigin { origin: Some(origin), .. })
                    if !list.iter().any(|o| o == origin) =>
                {
                    return Err(KeyRefused::Origin(printable(origin)));
                }
                (Callers::LoopbackOrigins, CallOrigin { origin: Some(origin), .. })
                    if !is_loopback_origin(origin) =>
                {
                    return Err(KeyRefused::Origin(printable(origin)));
                }
                (Callers::Apps(list), CallOrigin { app_identifier, .. }) => {
                    let app = app_identifier.unwrap_or("");
                    if !list.iter().any(|listed| listed == app) {
                        return Err(KeyRefused::App(printable(app)));
                    }
                }
                _ => {}
            }
        }
        Ok(Self { project, key, from: caller.from.cloned().unwrap_or_else(ClientPrefix::in_process) })
    }

    /// The network that the call comes from.
    #[must_use]
    pub const fn from(&self) -> &ClientPrefix {
        &self.from
    }

    /// Who is behind a call by which a person signs in, stays so, or signs out.
    #[must_use]
    pub fn user_origin(&self) -> Origin {
        Origin { by: Actor::User, from: Some(self.from.clone()) }
    }

    /// The authority to manage the project, within a scope of a server key.
    ///
    /// # Errors
    /// As [`require_server`](Self::require_server).
    pub fn manage(&self, scope: Scope) -> Result<Management, KeyRefused> {
        self.require_server(scope)?;
        let origin = Origin { by: Actor::ApiKey(self.key.id), from: Some(self.from.clone()) };
        Ok(Management { project_id: self.project.id, origin })
    }

    /// The project.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// Whether the key is a client's or a server's.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.key.usage
    }

    /// Whether the key names the web origins from which it may be used, so that one of them may be answered in a window
    /// that it opened.
    #[must_use]
    pub fn lists_origins(&self) -> bool {
        matches!(self.key.callers, Callers::Origins(_) | Callers::LoopbackOrigins)
    }

    /// Whether the key has `scope`.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.key.scopes.contains(&scope)
    }

    /// Insists on a server key with `scope`.
    ///
    /// # Errors
    /// [`KeyRefused::ServerKeyRequired`] or [`KeyRefused::Scope`].
    pub fn require_server(&self, scope: Scope) -> Result<(), KeyRefused> {
        match self.key.usage {
            Usage::Client => Err(KeyRefused::ServerKeyRequired),
            Usage::Server if self.has(scope) => Ok(()),
            Usage::Server => Err(KeyRefused::Scope(scope.as_str())),
        }
    }
}

/// The authority to manage one project: of a server key within a scope, or of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Management {
    project_id: ProjectId,
    origin: Origin,
}

impl Management {
    /// The project.
    #[must_use]
    pub const fn project_id(&self) -> ProjectId {
        self.project_id
    }

    /// Who manages, for the audit trail.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// The authority over all projects, API keys, signing keys and operator tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorGrant {
    origin: Origin,
}

impl OperatorGrant {
    /// Admits a call that showed `token`.
    ///
    /// # Errors
    /// [`OperatorTokenRefused`] if the token was revoked or its time is over.
    pub fn admit(
        token: &OperatorTokenRecord,
        from: Option<ClientPrefix>,
        now: Timestamp,
    ) -> Result<Self, OperatorTokenRefused> {
        token.usable(now)?;
        Ok(Self { origin: Origin { by: Actor::OperatorToken(token.id), from } })
    }

    /// The operator at the command line: whoever opens the database and the key ring needs no token.
    #[must_use]
    pub const fn command_line() -> Self {
        Self { origin: Origin::COMMAND_LINE }
    }

    /// The authority to manage one project; whether there is such a project, its management finds out.
    #[must_use]
    pub fn manage(&self, project_id: ProjectId) -> Management {
        Management { project_id, origin: self.origin.clone() }
    }

    /// Who acts, for the audit trail.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// What a header may contribute to an error text: no control characters, no endless lines.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Whether a browser origin is http or https on this machine.
fn is_loopback_origin(origin: &str) -> bool {
    let Some(authority) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else {
        return false;
    };
    let host = match authority.strip_prefix('[') {
        Some(rest) => return rest.strip_prefix("::1]").is_some_and(is_port),
        None => authority.split(':').next().unwrap_or(""),
    };
    let rest = &authority[host.len()..];
    let numeric = host.strip_prefix("127.").is_some_and(|rest| {
        let parts: Vec<_> = rest.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| part.parse::<u8>().is_ok())
    });
    (host == "localhost" || host.ends_with(".localhost") || numeric) && is_port(rest)
}

fn is_port(rest: &str) -> bool {
    rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::Policy;
    use authmint_protocol::{
        api_key::Environment,
        id::{ApiKeyId, ProjectId},
        time::Timestamp,
    };

    fn admit(usage: Usage, callers: Callers, caller: CallOrigin<'_>) -> Result<ProjectGrant, KeyRefused> {
        let project = Project {
            id: ProjectId::from_bytes([1; 16]),
            name: "Test".into(),
            environment: Environment::Staging,
            policy: Policy::default(),
            not_before: None,
            created_at: Timestamp::EPOCH,
        };
        let key = ApiKeyRecord {
            id: ApiKeyId::from_bytes([2; 16]),
            hash: [0; 32],
            project_id: project.id,
            usage,
            scopes: vec![Scope::UsersRead],
            callers,
            created_at: Timestamp::EPOCH,
            last_used_at: None,
            revoked_at: None,
        };
        ProjectGrant::admit(Arc::new(project), Arc::new(key), caller)
    }

    fn from(origin: &str) -> CallOrigin<'_> {
        CallOrigin { origin: Some(origin), ..CallOrigin::default() }
    }

    #[test]
    fn a_client_key_serves_the_origins_that_it_lists_and_calls_without_one() {
        let listed = || Callers::Origins(vec!["https://app.example".into()]);
        assert!(admit(Usage::Client, listed(), from("https://app.example")).is_ok());
        assert!(admit(Usage::Client, listed(), CallOrigin::default()).is_ok());
        let refused = admit(Usage::Client, listed(), from("https://evil.example")).unwrap_err();
        assert!(refused.to_string().contains("Request from origin \"https://evil.example\""));
        assert_eq!(refused.code(), ErrorCode::OriginNotAllowed);
    }

    #[test]
    fn loopback_origins_are_names_of_this_machine_and_nothing_that_begins_like_one() {
        for good in [
            "http://localhost",
            "http://localhost:3000",
            "https://127.0.0.1:1",
            "http://[::1]:80",
            "http://app.localhost",
        ] {
            assert!(is_loopback_origin(good), "{good}");
        }
        for bad in [
            "null",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://evil.example:80",
            "ftp://localhost",
            "http://localhost:x",
            "http://[::1].evil",
            "http://127.1",
            "http://evil.example#localhost",
        ] {
            assert!(!is_loopback_origin(bad), "{bad}");
        }
    }

    #[test]
    fn a_client_key_never_acts_as_a_server_key() {
        let client = admit(Usage::Client, Callers::Any, CallOrigin::default()).unwrap();
        assert_eq!(client.require_server(Scope::UsersRead), Err(KeyRefused::ServerKeyRequired));
        let server = admit(Usage::Server, Callers::Any, CallOrigin::default()).unwrap();
        assert_eq!(server.require_server(Scope::UsersRead), Ok(()));
        assert_eq!(server.require_server(Scope::UsersCreate), Err(KeyRefused::Scope("users.create")));
    }
}
