//! Who manages: a server key its own project within its scopes, an operator token everything.

use super::{
    caller::{Caller, bearer, prefix, single},
    path_id::{Id, Named as _},
    problem::Problem,
    query::Query,
};
use crate::{app::App, telemetry};
use authmint_domain::{
    flow::admin::project,
    model::{
        grant::{Management, OperatorGrant, ProjectGrant},
        operator_token::OperatorTokenRefused,
        project::Scope,
    },
    port::Clock as _,
};
use authmint_protocol::{ErrorCode, id::ProjectId, secret::OperatorTokenText};
use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

/// A caller who may manage something; what, the call asks.
pub(crate) enum Manager {
    /// A server key, or a client key that will be refused.
    Key(ProjectGrant),
    /// An operator.
    Operator(OperatorGrant),
}

/// A caller who may manage everything.
pub(crate) struct Operator(pub(crate) OperatorGrant);

/// The authority over the project that the path names, of an operator or of the project's own server.
pub(crate) struct OfPath(pub(crate) Management);

/// The query parameter by which an operator names the project.
pub(crate) enum OfProject {}

impl Manager {
    /// The authority over the project of the call: a key's own, or the one that an operator names.
    pub(crate) async fn manage(self, app: &App, query: &Query, scope: Scope) -> Result<Management, Problem> {
        let named = query.id::<ProjectId>("project_id")?;
        match (self, named) {
            (Self::Operator(_), None) => Err(Problem::new(
                ErrorCode::ParameterInvalid,
                "an operator says which project is meant: add the parameter project_id",
            )),
            (Self::Operator(grant), Some(id)) => {
                let management = grant.manage(id);
                // Said here once: a list would be empty rather than of no project.
                project::show(app.context(), &management).await?;
                telemetry::note_project(id);
                Ok(management)
            }
            (Self::Key(grant), None) => Ok(grant.manage(scope)?),
            (Self::Key(grant), Some(id)) => of_key(&grant, id, scope),
        }
    }
}

fn of_key(grant: &ProjectGrant, named: ProjectId, scope: Scope) -> Result<Management, Problem> {
    let management = grant.manage(scope)?;
    if management.project_id() == named {
        Ok(management)
    } else {
        let text = "this API key is of another project, and acts on its own alone";
        Err(Problem::new(ErrorCode::ProjectMismatch, text))
    }
}

impl FromRequestParts<App> for Manager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match credential(&parts.headers)? {
            Credential::Key => Ok(Self::Key(Caller::from_request_parts(parts, app).await?.grant)),
            Credential::Token(token) => Ok(Self::Operator(admit(parts, app, &token).await?)),
            Credential::None => {
                let text = "send a server key in the header x-api-key, or an operator token as Authorization: Bearer";
                Err(Problem::new(ErrorCode::ApiKeyMissing, text).challenged("Bearer"))
            }
        }
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match credential(&parts.headers)? {
            Credential::Token(token) => admit(parts, app, &token).await.map(Self),
            // No key reaches this far, whatever it may do elsewhere: it is not even looked up.
            Credential::Key | Credential::None => Err(OperatorTokenRefused::Missing.into()),
        }
    }
}

impl FromRequestParts<App> for OfPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let manager = Manager::from_request_parts(parts, app).await?;
        let Id(id) = Id::<ProjectId>::from_request_parts(parts, app).await?;
        match manager {
            Manager::Operator(grant) => {
                telemetry::note_project(id);
                Ok(Self(grant.manage(id)))
            }
            Manager::Key(grant) => of_key(&grant, id, Scope::ProjectWrite).map(Self),
        }
    }
}

enum Credential {
    None,
    Key,
    Token(OperatorTokenText),
}

/// The one credential of a call; with two of them, which one decides would be anyone's guess.
fn credential(headers: &HeaderMap) -> Result<Credential, Problem> {
    let key = single(headers, "x-api-key")?.is_some_and(|text| !text.is_empty());
    match (key, headers.contains_key(header::AUTHORIZATION)) {
        (true, true) => {
            let text = "send an API key or an operator token, not both: a call acts by one authority";
            Err(Problem::new(ErrorCode::ParameterInvalid, text))
        }
        (true, false) => Ok(Credential::Key),
        (false, true) => {
            let token = bearer(headers)?.ok_or(OperatorTokenRefused::Missing)?;
            Ok(Credential::Token(OperatorTokenText::new(token.to_owned())))
        }
        (false, false) => Ok(Credential::None),
    }
}

async fn admit(parts: &Parts, app: &App, token: &OperatorTokenText) -> Result<OperatorGrant, Problem> {
    let known = app.known_operators().find(app.context(), token, app.last_used()).await?;
    Ok(known.admit(Some(prefix(parts, app)), app.context().clock.now())?)
}

impl IntoParams for OfProject {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description =
            "The project that an operator means; a server key acts on its own, and needs no word of it.";
        vec![super::query::parameter("project_id", description, ProjectId::schema())]
    }
}
