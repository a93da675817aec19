//! Email addresses.

use super::{Answer, fields::Fields};
use authmint_domain::method::email;
use serde_json::json;

/// The one form of an address.
pub(super) fn email_normalise(fields: &Fields<'_>) -> Answer {
    let address = email::normalise(fields.text("address")?).map_err(|_| "email_invalid")?;
    Ok(json!(address.as_str()))
}
