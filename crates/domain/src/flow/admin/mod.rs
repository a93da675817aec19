//! What an operator does: projects and API keys. Every change is audited with itself.

pub mod api_key;
pub mod project;
