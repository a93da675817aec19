//! API keys: minted, adopted, listed, revoked.

use super::project::{self, ProjectChange, ProjectError};
use crate::{
    context::{Context, Ports},
    model::{
        api_key::mint,
        audit::{AuditEvent, AuditKind, Origin},
        caller::{AskedCallers, CallerFault},
        grant::OperatorGrant,
        key_ring::sha256,
        project::{ApiKeyRecord, Callers, Project, Scope},
    },
    port::{AdminDecision, Clock as _, Entropy as _, Store as _, StoreError},
};
use authmint_protocol::{
    ErrorCode,
    api_key::{ApiKey, ApiKeyError, Environment, TEST_VECTOR_KEY, Usage},
    id::{ApiKeyId, ProjectId},
    secret::ApiKeyText,
    time::Timestamp,
    token::native::check_ed25519,
};

/// What an operator asked of an API key is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No such key.
    #[error("no API key {0} in this database; `authmint key list` shows those that are")]
    Unknown(ApiKeyId),
    /// The callers that it is for: all faults are named.
    #[error("{}", .0.iter().map(CallerFault::to_string).collect::<Vec<_>>().join("\n"))]
    Callers(Vec<CallerFault>),
    /// The text is no API key, or nobody whom we trust signed it.
    #[error(transparent)]
    Key(#[from] ApiKeyError),
    /// Anyone has it.
    #[error("this is the public test vector of existing clients: anyone has it. Create a key of your own")]
    Public,
    /// The key says another environment than its project.
    #[error("this key is for {key}, but its project is registered here for {project}; it was left alone")]
    Environment {
        /// What the key says.
        key: Environment,
        /// What the project is.
        project: Environment,
    },
    /// It was revoked here, and stays so.
    #[error("this key was revoked here, which is final; make a new one")]
    Revoked,
    /// The project.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KeyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown(_) => ErrorCode::ApiKeyNotFound,
            // The key that is to be adopted, not one that the caller shows: no reason to ask for another one.
            Self::Callers(_) | Self::Key(_) => ErrorCode::SettingsInvalid,
            Self::Public | Self::Environment { .. } | Self::Revoked => ErrorCode::Conflict,
            Self::Project(error) => error.code(),
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedKey {
    /// What it may do; `None` for what is usual.
    pub scopes: Option<Vec<Scope>>,
    /// Who may use it.
    pub callers: AskedCallers,
}

/// Whose signature makes a foreign key one that can be adopted, by environment: published by Crossmint.
pub type ForeignSigner = fn(Environment) -> [u8; 32];

/// Makes a key of a project; its text is answered this once and never again.
///
/// # Errors
/// [`KeyError`]; nothing was changed then.
pub async fn create<P: Ports>(
    cx: &Context<P>,
    grant: &OperatorGrant,
    (project_id, usage): (ProjectId, Usage),
    asked: AskedKey,
) -> Result<(ApiKeyText, ApiKeyRecord), KeyError> {
    let callers = asked.callers.check(usage).map_err(KeyError::Callers)?;
    let project = project::show(cx, &grant.manage(project_id)).await?;
    let text = mint(&cx.key_ring, usage, project.environment, project.id, cx.entropy.draw());
    let scopes = asked.scopes.unwrap_or_else(|| Scope::usual(usage));
    let hash = sha256(text.reveal().as_bytes());
    let key = new_key(hash, (project_id, usage), scopes, callers, cx.clock.now());
    Ok((text, put(cx, grant, key, AuditKind::ApiKeyMinted).await?))
}

/// Takes over a key that was signed elsewhere, and registers its project under `name` if it is new here.
///
/// A repeat replaces what the key is allowed.
///
/// # Errors
/// [`KeyError`]; no key was registered then.
pub async fn adopt<P: Ports>(
    cx: &Context<P>,
    grant: &OperatorGrant,
    text: &ApiKeyText,
    (asked, name): (AskedKey, &str),
    signer: ForeignSigner,
) -> Result<(ApiKeyRecord, Project), KeyError> {
    let parsed = ApiKey::parse(text.reveal())?;
    if text.reveal() == TEST_VECTOR_KEY {
        return Err(KeyError::Public);
    }
    if !check_ed25519(&signer(parsed.environment), parsed.signed_message(), &parsed.signature()) {
        return Err(ApiKeyError::SignatureInvalid.into());
    }
    let (usage, project_id) = (parsed.usage, parsed.project_id);
    let callers = asked.callers.check(usage).map_err(KeyError::Callers)?;
    let new = ProjectChange { name: Some(name.to_owned()), ..ProjectChange::default() };
    let project = project::register(cx, grant, (project_id, parsed.environment), new).await?;
    if project.environment != parsed.environment {
        return Err(KeyError::Environment { key: parsed.environment, project: project.environment });
    }
    let scopes = asked.scopes.unwrap_or_else(|| Scope::usual(usage));
    let hash = sha256(text.reveal().as_bytes());
    let key = new_key(hash, (project_id, usage), scopes, callers, cx.clock.now());
    Ok((put(cx, grant, key, AuditKind::ApiKeyAdopted).await?, project))
}

/// All keys of a project, revoked ones too; what is shown of them is never their text.
///
/// # Errors
/// [`KeyError::Project`] if there is no such project.
pub async fn list<P: Ports>(
    cx: &Context<P>,
    grant: &OperatorGrant,
    project_id: ProjectId,
) -> Result<Vec<ApiKeyRecord>, KeyError> {
    let project = project::show(cx, &grant.manage(project_id)).await?;
    Ok(cx.store.api_keys(project.id).await?)
}

/// Revokes a key, for good; a running service refuses it within two seconds.
///
/// # Errors
/// [`KeyError::Unknown`] if there is no such key.
pub async fn revoke<P: Ports>(
    cx: &Context<P>,
    grant: &OperatorGrant,
    id: ApiKeyId,
) -> Result<ApiKeyRecord, KeyError> {
    let (now, origin) = (cx.clock.now(), grant.origin().clone());
    let decide = move |found: Option<&ApiKeyRecord>| match found {
        None => AdminDecision::leave(Err(KeyError::Unknown(id))),
        Some(key) if key.revoked_at.is_some() => AdminDecision::leave(Ok(key.clone())),
        Some(key) => {
            let revoked = ApiKeyRecord { revoked_at: Some(now), ..key.clone() };
            let line = event(&revoked, AuditKind::ApiKeyRevoked, now, &origin);
            AdminDecision::put(revoked.clone(), line, Ok(revoked))
        }
    };
    cx.store.decide_api_key(id, decide).await?
}

async fn put<P: Ports>(
    cx: &Context<P>,
    grant: &OperatorGrant,
    key: ApiKeyRecord,
    kind: AuditKind,
) -> Result<ApiKeyRecord, KeyError> {
    let (id, origin) = (key.id, grant.origin().clone());
    let decide = move |found: Option<&ApiKeyRecord>| {
        if found.is_some_and(|found| found.revoked_at.is_some()) {
            return AdminDecision::leave(Err(KeyError::Revoked));
        }
        AdminDecision::put(key.clone(), event(&key, kind, key.created_at, &origin), Ok(key.clone()))
    };
    cx.store.decide_api_key(id, decide).await?
}

/// A key's ID follows from its hash: the same text is the same key, and one cannot be registered twice.
fn new_key(
    hash: [u8; 32],
    (project_id, usage): (ProjectId, Usage),
    scopes: Vec<Scope>,
    callers: Callers,
    created_at: Timestamp,
) -> ApiKeyRecord {
    let id = ApiKeyId::from_random(*hash.first_chunk().expect("a hash has 32 bytes"));
    let (last_used_at, revoked_at) = (None, None);
    ApiKeyRecord { id, hash, project_id, usage, scopes, callers, created_at, last_used_at, revoked_at }
}

fn event(key: &ApiKeyRecord, kind: AuditKind, at: Timestamp, origin: &Origin) -> AuditEvent {
    let detail = format!("{} {}", key.usage.as_str(), key.id);
    AuditEvent::new(at, kind, Some(key.project_id), origin.clone()).saying(detail)
}
