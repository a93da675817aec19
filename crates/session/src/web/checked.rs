use crate::{error::AuthError, session::Session};

/// What the check of a request found out; it stands in the request's extensions.
#[derive(Debug, Clone)]
pub struct Checked(pub(crate) Result<Session, AuthError>);

impl Checked {
    /// The session.
    ///
    /// # Errors
    /// Why there is none.
    pub fn session(&self) -> Result<&Session, &AuthError> {
        self.0.as_ref()
    }

    /// The session, taken out.
    ///
    /// # Errors
    /// Why there is none.
    pub fn into_session(self) -> Result<Session, AuthError> {
        self.0
    }
}

#[cfg(any(feature = "axum", feature = "actix"))]
impl Checked {
    /// The session for a handler that needs one; where nothing was checked, nobody is let in.
    pub(crate) fn demand(found: Option<&Self>) -> Result<Session, AuthError> {
        found.map_or(Err(AuthError::LayerMissing), |checked| checked.clone().into_session())
    }

    /// The session for a handler that serves strangers too. While nobody can tell who asks (the service is out of reach
    /// and the JWT has ended) that is an error: an honest user must not be shown a page for strangers.
    pub(crate) fn ask(found: Option<&Self>) -> Result<Option<Session>, AuthError> {
        match Self::demand(found) {
            Ok(session) => Ok(Some(session)),
            Err(error) if error.status() == 401 => Ok(None),
            Err(error) => Err(error),
        }
    }
}
