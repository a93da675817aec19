//! The user object.

use serde::{Deserialize, Serialize};

/// A user as apps see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Profile))]
pub struct User {
    /// The stable ID, the `sub` of the user's session JWTs.
    pub id: String,
    /// The verified email address; always present for users who signed in by email or Google.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The phone number, where a sign-in method supplied one.
    #[serde(default, rename = "phoneNumber", skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}
