//! Refresh and sign-out: `POST …/refresh` and `POST …/logout`.

use super::user::User;
use crate::{
    secret::{AuthorizationCode, CodeVerifier, RefreshToken, SessionJwt, disclose},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Body of a refresh: a refresh token or a one-time secret.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshRequest {
    /// The refresh token, or a one-time secret to trade for a first one.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub refresh: RefreshToken,
}

/// Body of a trade of an authorization code for auth material (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeRequest {
    /// The code that came to the redirect URI.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code: AuthorizationCode,
    /// The verifier whose challenge the sign-in began with.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code_verifier: CodeVerifier,
    /// The redirect URI that the sign-in began with, to the letter.
    pub redirect_uri: String,
}

/// Body of a sign-out; existing clients send `{}` when they hold no token.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogoutRequest {
    /// Any refresh token of the session, of whatever generation.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "disclose_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub refresh: Option<RefreshToken>,
}

/// Answer to a refresh: the auth material.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshResponse {
    /// The session JWT.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub jwt: SessionJwt,
    /// The refresh token to keep from now on; it may be the one that was sent.
    pub refresh: RefreshMaterial,
    /// Whose session it is.
    pub user: User,
}

/// A refresh token with its end.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshMaterial {
    /// The refresh token.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub secret: RefreshToken,
    /// When the session ends if nothing refreshes it: ISO 8601 in UTC, whole seconds.
    #[serde(rename = "expiresAt")]
    pub expires_at: String,
}

impl RefreshMaterial {
    /// Pairs a token with the end of its session.
    #[must_use]
    pub fn new(secret: RefreshToken, expires_at: Timestamp) -> Self {
        Self { secret, expires_at: expires_at.to_iso8601() }
    }
}

// The signature is serde's: it hands in a reference to the field.
#[expect(clippy::ref_option, reason = "serialize_with calls it with a reference to the field")]
fn disclose_option<S: serde::Serializer>(
    secret: &Option<RefreshToken>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => disclose(secret, serializer),
        None => serializer.serialize_none(),
    }
}
