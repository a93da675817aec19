//! What managers see of the model: no secret, no rotation state, no hash.

use super::{
    audit::RecordedEvent,
    operator_token::OperatorTokenRecord,
    policy::{Policy, PolicyChange},
    project::{ApiKeyRecord, Callers, Project},
    session::Session,
    signing_key::{KeyState, SigningKey},
    user::{Identity, User},
};
use authmint_protocol::{time::Timestamp, token::algorithm::Algorithm, wire::admin};
use std::time::Duration;

fn iso(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::to_iso8601)
}

impl Project {
    /// The project as managers see it.
    #[must_use]
    pub fn to_wire(&self) -> admin::Project {
        admin::Project {
            id: self.id.to_string(),
            name: self.name.clone(),
            environment: self.environment.as_str().to_owned(),
            created_at: self.created_at.to_iso8601(),
            not_before: iso(self.not_before),
            settings: self.policy.to_wire(),
        }
    }
}

impl Policy {
    /// The settings as managers see them.
    #[must_use]
    pub fn to_wire(&self) -> admin::Settings {
        admin::Settings {
            session_jwt_ttl: self.session_jwt_ttl.as_secs(),
            grace: self.grace.as_secs(),
            settle: self.settle.as_secs(),
            idle: self.idle.as_secs(),
            absolute: self.absolute.as_secs(),
            one_time_secret_ttl: self.one_time_secret_ttl.as_secs(),
            code_ttl: self.code_ttl.as_secs(),
            email_in_jwt: self.email_in_jwt,
            signing_algorithm: self.signing_algorithm.as_str().to_owned(),
            crossmint_custom_token: self.crossmint_custom_token,
            custom_claims: self.custom_claims.clone(),
            redirect_uris: self.redirect_uris.clone(),
            accent_color: self.accent_color.clone(),
            logo: self.logo.clone(),
        }
    }
}

impl PolicyChange {
    /// Reads what managers ask for.
    ///
    /// # Errors
    /// The name of the algorithm that there is not.
    pub fn from_wire(asked: admin::SettingsChange) -> Result<Self, String> {
        let seconds = |span: Option<u64>| span.map(Duration::from_secs);
        let algorithm = |name: String| Algorithm::from_name(&name).ok_or(name);
        Ok(Self {
            grace: seconds(asked.grace),
            settle: seconds(asked.settle),
            session_jwt_ttl: seconds(asked.session_jwt_ttl),
            idle: seconds(asked.idle),
            absolute: seconds(asked.absolute),
            one_time_secret_ttl: seconds(asked.one_time_secret_ttl),
            code_ttl: seconds(asked.code_ttl),
            email_in_jwt: asked.email_in_jwt,
            signing_algorithm: asked.signing_algorithm.map(algorithm).transpose()?,
            crossmint_custom_token: asked.crossmint_custom_token,
            custom_claims: asked.custom_claims,
            redirect_uris: asked.redirect_uris,
            accent_color: asked.accent_color,
            logo: asked.logo,
        })
    }
}

impl ApiKeyRecord {
    /// The key as managers see it.
    #[must_use]
    pub fn to_wire(&self) -> admin::ApiKey {
        let none = admin::Callers::default();
        let callers = match &self.callers {
            Callers::Any => admin::Callers { anyone: true, ..none },
            Callers::Origins(list) => admin::Callers { origins: list.clone(), ..none },
            Callers::LoopbackOrigins => {
                admin::Callers { origins: vec!["http://localhost:*".to_owned()], ..none }
            }
            Callers::Apps(list) => admin::Callers { apps: list.clone(), ..none },
        };
        admin::ApiKey {
            id: self.id.to_string(),
            project_id: self.project_id.to_string(),
            usage: self.usage.as_str().to_owned(),
            scopes: self.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            callers,
            created_at: self.created_at.to_iso8601(),
            last_used_at: iso(self.last_used_at),
            revoked_at: iso(self.revoked_at),
        }
    }
}

impl OperatorTokenRecord {
    /// The token as operators see it.
    #[must_use]
    pub fn to_wire(&self) -> admin::OperatorToken {
        admin::OperatorToken {
            id: self.id.to_string(),
            name: self.name.clone(),
            created_at: self.created_at.to_iso8601(),
            expires_at: iso(self.expires_at),
            last_used_at: iso(self.last_used_at),
            revoked_at: iso(self.revoked_at),
        }
    }
}

impl User {
    /// The user as managers see one.
    #[must_use]
    pub fn to_managers(&self) -> admin::User {
        admin::User {
            id: self.id.to_string(),
            email: self.email.clone(),
            created_at: self.created_at.to_iso8601(),
            disabled_at: iso(self.disabled_at),
        }
    }

    /// The same with identities.
    #[must_use]
    pub fn to_detail(&self, identities: Vec<Identity>) -> admin::UserDetail {
        let shown = |Identity { method, subject }| admin::Identity { method, subject };
        admin::UserDetail {
            user: self.to_managers(),
            identities: identities.into_iter().map(shown).collect(),
        }
    }
}

impl Session {
    /// The session as managers see it.
    #[must_use]
    pub fn to_wire(&self) -> admin::Session {
        let ended = self.ending();
        admin::Session {
            id: self.id.to_string(),
            user_id: self.user.id.to_string(),
            method: self.sign_in.method.clone(),
            created_at: self.created_at.to_iso8601(),
            refreshed_at: self.rotation.rotated_at.to_iso8601(),
            expires_at: self.expires_at().to_iso8601(),
            ended_at: iso(ended.map(|ended| ended.at)),
            end_reason: ended.map(|ended| ended.reason.as_str().to_owned()),
            opened_from: self.opened_from.as_ref().map(|from| from.as_str().to_owned()),
            user_agent: self.device.user_agent.clone(),
            client: self.device.client.clone(),
        }
    }
}

impl RecordedEvent {
    /// The line as managers read it.
    #[must_use]
    pub fn to_wire(&self) -> admin::Event {
        let event = &self.event;
        admin::Event {
            number: self.number,
            at: event.at.to_iso8601(),
            kind: event.kind.as_str().to_owned(),
            actor: event.origin.by.to_string(),
            from: event.origin.from.as_ref().map(|from| from.as_str().to_owned()),
            project_id: event.project_id.map(|id| id.to_string()),
            user_id: event.user_id.map(|id| id.to_string()),
            session_id: event.session_id.map(|id| id.to_string()),
            detail: event.detail.clone().into_owned(),
        }
    }
}

impl SigningKey {
    /// The key as operators see it.
    #[must_use]
    pub fn to_wire(&self) -> admin::SigningKey {
        let since = match self.state {
            KeyState::Next { .. } => self.created_at,
            KeyState::Active { since: at, .. } | KeyState::Retired { at } | KeyState::Revoked { at } => at,
        };
        admin::SigningKey {
            kid: self.kid.clone(),
            algorithm: self.algorithm().as_str().to_owned(),
            state: self.state.as_str().to_owned(),
            since: since.to_iso8601(),
            created_at: self.created_at.to_iso8601(),
        }
    }
}
