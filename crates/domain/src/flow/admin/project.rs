//! Projects: made, listed, shown, changed.

use crate::{
    context::{Context, Ports},
    model::{
        audit::{AuditEvent, AuditKind},
        grant::{Management, OperatorGrant},
        policy::{Policy, PolicyChange, PolicyFault},
        project::{InvalidProjectName, Project, check_name},
        revocation::Revocation,
    },
    port::{AdminDecision, Clock as _, Entropy as _, Store as _, StoreError},
};
use authmint_protocol::{ErrorCode, api_key::Environment, id::ProjectId, time::Timestamp};

/// What an operator asked of a project is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// No such project.
    #[error("no project {0} in this database; `authmint project list` shows those that are")]
    Unknown(ProjectId),
    /// Choices lie outside their bounds: all of them are named.
    #[error("{}", ProjectFault::list(.0))]
    Faults(Vec<ProjectFault>),
    /// The moment of a not-before lies ahead, or goes back.
    #[error("not_before must not lie in the future, nor before the moment that was set already")]
    NotBefore,
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProjectError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown(_) => ErrorCode::ProjectUnknown,
            Self::Faults(_) | Self::NotBefore => ErrorCode::SettingsInvalid,
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// One thing that a project cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectFault {
    /// Its name.
    #[error(transparent)]
    Name(#[from] InvalidProjectName),
    /// One of its settings.
    #[error(transparent)]
    Policy(#[from] PolicyFault),
}

impl ProjectFault {
    fn list(faults: &[Self]) -> String {
        faults.iter().map(Self::to_string).collect::<Vec<_>>().join("\n")
    }
}

/// What a project is to become.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectChange {
    /// Its name from now on.
    pub name: Option<String>,
    /// Its settings from now on.
    pub policy: PolicyChange,
}

impl ProjectChange {
    /// The project after the change.
    fn apply(&self, project: &Project) -> Result<Project, ProjectError> {
        let mut faults = Vec::new();
        let name = self.name.clone().unwrap_or_else(|| project.name.clone());
        faults.extend(check_name(&name).err().map(ProjectFault::from));
        let policy = self.policy.apply(&project.policy);
        faults.extend(policy.faults(false).into_iter().map(ProjectFault::from));
        if faults.is_empty() {
            Ok(Project { name, policy, ..project.clone() })
        } else {
            Err(ProjectError::Faults(faults))
        }
    }

    /// The names of what it changes, for the audit trail.
    fn names(&self) -> String {
        let name = self.name.as_ref().map(|_| "name");
        name.into_iter().chain(self.policy.names()).collect::<Vec<_>>().join(" ")
    }
}

/// Makes a project with a drawn ID.
///
/// # Errors
/// [`ProjectError::Faults`] names everything that it cannot be.
pub async fn create<P: Ports>(
    cx: &Context<P>,
    grant: &OperatorGrant,
    environment: Environment,
    asked: ProjectChange,
) -> Result<Project, ProjectError> {
    let id = ProjectId::drawn(cx.clock.now(), cx.entropy.draw());
    register(cx, grant, (id, environment), asked).await
}

/// Makes a project of a given ID, or answers the one that is there.
pub(super) async fn register<P: Ports>(
    cx: &Context<P>,
    grant: &OperatorGrant,
    (id, environment): (ProjectId, Environment),
    asked: ProjectChange,
) -> Result<Project, ProjectError> {
    let (now, origin) = (cx.clock.now(), grant.origin().clone());
    let (policy, not_before) = (Policy::default(), None);
    let blank = Project { id, name: String::new(), environment, policy, not_before, created_at: now };
    let made = asked.apply(&blank)?;
    let decide = move |found: Option<&Project>| match found {
        Some(project) => AdminDecision::leave(project.clone()),
        None => {
            let line = AuditEvent::new(now, AuditKind::ProjectCreated, Some(id), origin.clone());
            AdminDecision::put(made.clone(), line, made.clone())
        }
    };
    Ok(cx.store.decide_project(id, decide).await?)
}

/// Changes what is asked of a project and leaves the rest; a running service works by it within two seconds.
///
/// # Errors
/// [`ProjectError`]; nothing was changed then.
pub async fn set<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    asked: ProjectChange,
) -> Result<Project, ProjectError> {
    let (now, id, origin) = (cx.clock.now(), grant.project_id(), grant.origin().clone());
    let decide = move |found: Option<&Project>| {
        let changed = found.ok_or(ProjectError::Unknown(id)).and_then(|project| asked.apply(project));
        match changed {
            Ok(project) if Some(&project) == found => AdminDecision::leave(Ok(project)),
            Ok(project) => {
                let line = AuditEvent::new(now, AuditKind::ProjectChanged, Some(id), origin.clone())
                    .saying(asked.names());
                AdminDecision::put(project.clone(), line, Ok(project))
            }
            Err(error) => AdminDecision::leave(Err(error)),
        }
    };
    cx.store.decide_project(id, decide).await?
}

/// Ends every session of a project that was opened before a moment, now unless said: the one answer to a leak of
/// which nobody knows whom it touched. Servers that follow the feed refuse their JWTs within two seconds.
///
/// # Errors
/// [`ProjectError::NotBefore`] for a moment that is still to come, or before one that was set.
pub async fn set_not_before<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    moment: Option<Timestamp>,
) -> Result<Project, ProjectError> {
    let (now, id, origin) = (cx.clock.now(), grant.project_id(), grant.origin().clone());
    let at = moment.unwrap_or(now);
    let decide = move |found: Option<&Project>| match found {
        None => AdminDecision::leave(Err(ProjectError::Unknown(id))),
        Some(_) if at > now => AdminDecision::leave(Err(ProjectError::NotBefore)),
        Some(project) if project.not_before.is_some_and(|set| at < set) => {
            AdminDecision::leave(Err(ProjectError::NotBefore))
        }
        Some(project) => {
            let changed = Project { not_before: Some(at), ..project.clone() };
            let line = AuditEvent::new(now, AuditKind::NotBeforeSet, Some(id), origin.clone())
                .saying(at.to_iso8601());
            AdminDecision::put(changed.clone(), line, Ok(changed)).ending(Revocation::of_project(id, now))
        }
    };
    cx.store.decide_project(id, decide).await?
}

/// All projects, the oldest first.
///
/// # Errors
/// [`ProjectError::Store`] if the store cannot answer.
pub async fn list<P: Ports>(cx: &Context<P>, _grant: &OperatorGrant) -> Result<Vec<Project>, ProjectError> {
    Ok(cx.store.projects().await?)
}

/// One project.
///
/// # Errors
/// [`ProjectError::Unknown`] if there is none of this ID.
pub async fn show<P: Ports>(cx: &Context<P>, grant: &Management) -> Result<Project, ProjectError> {
    let id = grant.project_id();
    cx.store.project(id).await?.ok_or(ProjectError::Unknown(id))
}
