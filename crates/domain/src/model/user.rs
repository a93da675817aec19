//! Users and the identities that prove them.

use authmint_protocol::{
    id::{ProjectId, UserId},
    time::Timestamp,
    wire,
};

/// A person in one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The stable ID.
    pub id: UserId,
    /// The project.
    pub project_id: ProjectId,
    /// The verified address, if the user has one.
    pub email: Option<String>,
    /// When the user first signed in.
    pub created_at: Timestamp,
}

impl User {
    /// The user as clients see one.
    #[must_use]
    pub fn to_wire(&self) -> wire::user::User {
        wire::user::User { id: self.id.to_string(), email: self.email.clone(), phone_number: None }
    }
}

/// One proven way to be a user: what a finished sign-in method hands on.
///
/// Identities are keyed by method and subject, never by a look-alike such as an address that a provider mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The sign-in method, such as `email`.
    pub method: &'static str,
    /// Who was proven, in the method's canonical form.
    pub subject: String,
    /// The address, where the method proved one.
    pub email: Option<String>,
    /// How it was proven, for the `amr` claim (RFC 8176).
    pub amr: &'static str,
    /// When it was proven, for the `auth_time` claim.
    pub at: Timestamp,
}
