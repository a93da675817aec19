//! Issuers of others that a project trusts: whose JWTs its users trade for sessions.

use super::assertion::Reuse;
use authmint_protocol::{
    id::{IssuerId, ProjectId},
    issuer::IssuerTerms,
    time::Timestamp,
    wire::issuer as wire,
};

/// Issuers that one project may trust: each is asked for keys, and each is a way in.
pub const MOST_ISSUERS: usize = 20;

/// An issuer that a project trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// Its ID.
    pub id: IssuerId,
    /// The project.
    pub project_id: ProjectId,
    /// What its identities are called: the sign-in method is `issuer:` and this.
    pub name: String,
    /// By which rules its JWTs are accepted, as they were asked for.
    pub terms: IssuerTerms,
    /// How often a JWT of it is accepted.
    pub reuse: Reuse,
    /// When the project began to trust it.
    pub created_at: Timestamp,
}

impl TrustedIssuer {
    /// The sign-in method of the identities that it proves.
    #[must_use]
    pub fn method(&self) -> String {
        format!("issuer:{}", self.name)
    }
}

/// The text is no name of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("name must be 1 to 32 of a to z, 0 to 9 and -: identities are kept under it")]
pub struct InvalidIssuerName;

/// Checks an issuer's name.
///
/// # Errors
/// [`InvalidIssuerName`].
pub fn check_name(name: &str) -> Result<(), InvalidIssuerName> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let sound = (1..=32).contains(&name.len()) && name.bytes().all(known);
    if sound { Ok(()) } else { Err(InvalidIssuerName) }
}

impl TrustedIssuer {
    /// The issuer as managers see it.
    #[must_use]
    pub fn to_wire(&self) -> wire::Issuer {
        let terms = self.terms.clone();
        wire::Issuer {
            id: self.id.to_string(),
            project_id: self.project_id.to_string(),
            created_at: self.created_at.to_iso8601(),
            terms: wire::NewIssuer {
                name: self.name.clone(),
                preset: terms.preset,
                fields: terms.fields,
                issuer: terms.issuer,
                jwks_uri: terms.jwks_uri,
                audience: terms.audience,
                any_audience: terms.any_audience,
                user_id_claim: terms.user_id_claim,
                algorithms: terms.algorithms,
                leeway: terms.leeway,
                max_age: terms.max_age,
                reuse: Some(self.reuse.as_str().to_owned()),
            },
        }
    }
}

/// There is no such word for how often a JWT is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("reuse is never or until_exp")]
pub struct UnknownReuse;

/// Reads what managers ask for: the name, the terms, and how often a JWT is accepted.
///
/// # Errors
/// [`UnknownReuse`]; all else is for the rules to judge.
pub fn from_wire(asked: wire::NewIssuer) -> Result<(String, IssuerTerms, Reuse), UnknownReuse> {
    let reuse = match &asked.reuse {
        None => Reuse::Never,
        Some(name) => Reuse::from_name(name).ok_or(UnknownReuse)?,
    };
    let terms = IssuerTerms {
        preset: asked.preset,
        fields: asked.fields,
        issuer: asked.issuer,
        jwks_uri: asked.jwks_uri,
        audience: asked.audience,
        any_audience: asked.any_audience,
        user_id_claim: asked.user_id_claim,
        algorithms: asked.algorithms,
        leeway: asked.leeway,
        max_age: asked.max_age,
    };
    Ok((asked.name, terms, reuse))
}
