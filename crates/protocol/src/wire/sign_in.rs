//! Sign-in by email: `POST …/otps/send` and `POST …/authenticate`.

use crate::secret::{OneTimeSecret, disclose};
use serde::{Deserialize, Serialize};

/// Body of a request for an email code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendCodeRequest {
    /// The address as the person typed it.
    pub email: String,
}

/// Answer to a request for an email code; the same whether the user exists or not.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendCodeResponse {
    /// Stable per project and address; comes back as `state` when the code is entered.
    #[serde(rename = "emailId")]
    pub email_id: String,
}

/// Answer to a finished sign-in.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInResponse {
    /// What the client trades at `refresh` for its session.
    #[serde(rename = "oneTimeSecret", serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub one_time_secret: OneTimeSecret,
    /// The callback URL that the client named, with `oneTimeSecret` added to its query; empty if it named none.
    #[serde(rename = "callbackUrl")]
    pub callback_url: String,
}
