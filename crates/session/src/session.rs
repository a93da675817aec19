//! What a signed-in request is worth.

use authmint_protocol::{
    id::SessionId,
    secret::{RefreshToken, SessionJwt},
    time::Timestamp,
    token::SessionClaims,
    wire::{session::RefreshResponse, user::User},
};
use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

/// A session that was checked: who the user is, and the auth material to act in their name. A copy costs little.
#[derive(Clone)]
pub struct Session {
    pub(crate) verified: Arc<VerifiedJwt>,
    pub(crate) refresh_token: Option<RefreshToken>,
    pub(crate) renewed: Option<Arc<AuthMaterial>>,
}

/// A session JWT whose signature and claims were checked.
pub(crate) struct VerifiedJwt {
    pub(crate) jwt: SessionJwt,
    pub(crate) claims: SessionClaims,
    /// When the early window begins in which the session is refreshed ahead of the JWT's end.
    pub(crate) refresh_from: Timestamp,
    /// Which state of the key set vouched for it.
    pub(crate) keys_version: u64,
    /// Whose keys those are.
    pub(crate) source: Source,
    /// Up to which state of what is known to have ended nothing is known against it.
    pub(crate) clear_as_of: AtomicU64,
}

/// Whose JWT it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The service's.
    Service,
    /// One of the other issuers that the app trusts, by its place.
    Issuer(usize),
}

/// What the service answers to a refresh.
pub struct AuthMaterial {
    /// The session JWT.
    pub jwt: SessionJwt,
    /// The refresh token to keep from now on.
    pub refresh_token: RefreshToken,
    /// When the session ends if nothing refreshes it.
    pub refresh_expires_at: Timestamp,
    /// Whose session it is.
    pub user: User,
}

impl AuthMaterial {
    /// Reads the service's answer; none if it is another.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let RefreshResponse { jwt, refresh, user } = serde_json::from_slice(body).ok()?;
        let refresh_expires_at = Timestamp::from_iso8601(&refresh.expires_at)?;
        Some(Self { jwt, refresh_token: refresh.secret, refresh_expires_at, user })
    }
}

impl Session {
    /// The user's stable ID.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.verified.claims.subject
    }

    /// The session's ID, which stays the same while its tokens rotate.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        self.verified.claims.session_id
    }

    /// Who vouches for the user: the `iss` of the JWT, which was verified. `None` only from a service that names none.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.verified.claims.issuer.as_deref()
    }

    /// Whether another issuer vouches for the user, whom the app trusts besides the service. Such a session has no ID
    /// and no refresh token, and ends with its JWT.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.verified.source != Source::Service
    }

    /// The session JWT, to pass on to services that verify it themselves.
    #[must_use]
    pub fn jwt(&self) -> &SessionJwt {
        &self.verified.jwt
    }

    /// When the session JWT ends; the session itself goes on by refresh.
    #[must_use]
    pub fn jwt_expires_at(&self) -> Timestamp {
        self.verified.claims.expires_at
    }

    /// All claims of the session JWT, the project's own included.
    #[must_use]
    pub fn claims(&self) -> &SessionClaims {
        &self.verified.claims
    }

    /// The refresh token, if the request or the renewal brought one.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    /// When the session ends if nothing refreshes it; known only when this request renewed it.
    #[must_use]
    pub fn refresh_expires_at(&self) -> Option<Timestamp> {
        self.renewed.as_ref().map(|material| material.refresh_expires_at)
    }

    /// The auth material, if this request renewed it.
    #[must_use]
    pub fn renewed(&self) -> Option<&AuthMaterial> {
        self.renewed.as_deref()
    }
}

impl fmt::Debug for Session {
    /// Names the user and the end, never the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("user_id", &self.user_id())
            .field("jwt_expires_at", &self.jwt_expires_at())
            .finish_non_exhaustive()
    }
}
