//! Reading a question's fields.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};

/// A field that is not there (null counts as that).
pub(super) const MISSING: &str = "field_missing";
/// A field of the wrong type or form.
pub(super) const INVALID: &str = "field_invalid";

/// The fields of one question.
pub(super) struct Fields<'q>(pub(super) &'q Map<String, Value>);

impl<'q> Fields<'q> {
    pub(super) fn optional(&self, name: &str) -> Option<&'q Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn value(&self, name: &str) -> Result<&'q Value, &'static str> {
        self.optional(name).ok_or(MISSING)
    }

    pub(super) fn text(&self, name: &str) -> Result<&'q str, &'static str> {
        self.value(name)?.as_str().ok_or(INVALID)
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&'q str>, &'static str> {
        self.optional(name).map(|value| value.as_str().ok_or(INVALID)).transpose()
    }

    pub(super) fn list(&self, name: &str) -> Result<&'q [Value], &'static str> {
        self.value(name)?.as_array().map(Vec::as_slice).ok_or(INVALID)
    }

    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&'q str>>, &'static str> {
        let Some(value) = self.optional(name) else { return Ok(None) };
        let list = value.as_array().ok_or(INVALID)?;
        list.iter().map(|item| item.as_str().ok_or(INVALID)).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn seconds(&self, name: &str) -> Result<Option<u64>, &'static str> {
        self.optional(name).map(|value| value.as_u64().ok_or(INVALID)).transpose()
    }

    pub(super) fn hex(&self, name: &str) -> Result<Vec<u8>, &'static str> {
        let digits = self.text(name)?.as_bytes();
        if digits.len() % 2 != 0 {
            return Err(INVALID);
        }
        let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        digits
            .chunks_exact(2)
            .map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?))
            .collect::<Option<_>>()
            .ok_or(INVALID)
    }
}

/// Bytes as lower-case hex.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A member of a JWK that holds bytes.
pub(super) fn base64url(value: &Value) -> Option<Vec<u8>> {
    BASE64URL.decode(value.as_str()?).ok()
}
