//! The one form of a refusal.

use crate::ErrorCode;
use serde::{Deserialize, Serialize};

/// The JSON body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Always true; existing clients look for it.
    pub error: bool,
    /// A sentence for a person; clients show it.
    pub message: String,
    /// The stable code, see [`ErrorCode`]; a text here, since a newer service may know more codes than a client.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub code: String,
}

impl Problem {
    /// Makes the body for `code` with a sentence for a person.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { error: true, message: message.into(), code: code.as_str().to_owned() }
    }

    /// The code, if it is one that this version knows.
    #[must_use]
    pub fn known_code(&self) -> Option<ErrorCode> {
        ErrorCode::from_text(&self.code)
    }
}
