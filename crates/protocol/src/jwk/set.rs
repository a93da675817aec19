//! A key set (RFC 7517, section 5): the keys that may be used, and why the others may not.

use super::{JwkError, PublicKey};
use crate::token::{Algorithm, json};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// The largest key set that is read.
pub const MAX_KEY_SET_LEN: usize = 256 * 1024;

/// The text is not a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is longer than [`MAX_KEY_SET_LEN`].
    #[error("the key set is longer than 256 KiB")]
    TooLong,
    /// It is not one JSON object with a list `keys`, or a name is repeated.
    #[error("not a key set: an object with a list \"keys\" is expected; is the URL that of a JWK set?")]
    Malformed,
}

impl KeySetError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "jwks_too_long",
            Self::Malformed => "jwks_malformed",
        }
    }
}

/// A key of a set that is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkippedKey {
    /// Its place in the list.
    pub index: usize,
    /// Why it is not used, as a stable code.
    pub why: &'static str,
}

/// The keys of one issuer; a copy costs one counter.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    keys: Vec<Arc<PublicKey>>,
    skipped: Vec<SkippedKey>,
}

impl KeySet {
    /// Reads a key set. A key that may not be used is skipped with its reason, and never used by accident.
    ///
    /// # Errors
    /// [`KeySetError`] if the text is no key set at all.
    pub fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        if text.len() > MAX_KEY_SET_LEN {
            return Err(KeySetError::TooLong);
        }
        let set = json::parse_object(text).ok_or(KeySetError::Malformed)?;
        let Some(Value::Array(list)) = set.get("keys") else {
            return Err(KeySetError::Malformed);
        };
        Ok(Self::collect(list.iter().map(PublicKey::from_jwk)))
    }

    /// Makes a set of keys at hand; of keys with the same `kid` none is used, as in [`parse`](Self::parse).
    #[must_use]
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self::collect(keys.into_iter().map(Ok))
    }

    fn collect(read: impl Iterator<Item = Result<PublicKey, JwkError>>) -> Self {
        let mut inner = Inner::default();
        let mut sound = Vec::new();
        for (index, key) in read.enumerate() {
            match key {
                Ok(key) => sound.push((index, key)),
                Err(why) => inner.skipped.push(SkippedKey { index, why: why.code() }),
            }
        }
        let ambiguous = ambiguous_names(&sound);
        for ((index, key), ambiguous) in sound.into_iter().zip(ambiguous) {
            if inner.keys.iter().any(|known| **known == key) {
                inner.skipped.push(SkippedKey { index, why: "jwk_repeated" });
            } else if ambiguous {
                inner.skipped.push(SkippedKey { index, why: "kid_ambiguous" });
            } else {
                inner.keys.push(Arc::new(key));
            }
        }
        inner.skipped.sort_unstable_by_key(|skipped| skipped.index);
        Self { inner: Arc::new(inner) }
    }

    /// The set without the key of this name.
    #[must_use]
    pub fn without(&self, kid: &str) -> Self {
        let keys = self.inner.keys.iter().filter(|key| key.kid() != Some(kid)).cloned().collect();
        Self { inner: Arc::new(Inner { keys, skipped: self.inner.skipped.clone() }) }
    }

    /// The keys that may be used, in the order of the set.
    #[must_use]
    pub fn keys(&self) -> &[Arc<PublicKey>] {
        &self.inner.keys
    }

    /// The keys that may not, in the order of the set.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.inner.skipped
    }

    /// The key for a token: the one of that name, whose own algorithm must be the token's; without a name only if
    /// exactly one key of the set has that algorithm.
    #[must_use]
    pub fn find(&self, algorithm: Algorithm, kid: Option<&str>) -> Option<Arc<PublicKey>> {
        let mut fitting = self.inner.keys.iter().filter(|key| key.algorithm() == algorithm);
        if let Some(kid) = kid {
            return fitting.find(|key| key.kid() == Some(kid)).cloned();
        }
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(Arc::clone(only)),
            _ => None,
        }
    }
}

/// For each key, whether a different key of the set has the same name.
fn ambiguous_names(keys: &[(usize, PublicKey)]) -> Vec<bool> {
    let mut first: HashMap<&str, &PublicKey> = HashMap::new();
    let mut clashing: Vec<&str> = Vec::new();
    for (_, key) in keys {
        let Some(kid) = key.kid() else { continue };
        if first.insert(kid, key).is_some_and(|earlier| earlier != key) {
            clashing.push(kid);
        }
    }
    keys.iter().map(|(_, key)| key.kid().is_some_and(|kid| clashing.contains(&kid))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const X: [&str; 2] =
        ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "fU0Of2FTpptiQrUiq77mhf2kQg-INLEIw72uNp71Sfo"];

    fn ed25519(which: usize, more: &Value) -> Value {
        let mut jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": X[which] });
        jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        jwk
    }

    fn set(keys: &[Value]) -> KeySet {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_key_is_used_or_skipped_with_its_reason() {
        for (more, why) in [
            (json!({}), None),
            (json!({ "use": "sig", "alg": "EdDSA", "key_ops": ["verify"], "x5t": "ignored" }), None),
            (json!({ "use": "enc" }), Some("jwk_not_for_signatures")),
            (json!({ "key_ops": ["sign"] }), Some("jwk_not_for_signatures")),
            (json!({ "key_ops": [] }), Some("jwk_not_for_signatures")),
            (json!({ "key_ops": ["verify", "verify"] }), Some("jwk_malformed")),
            (json!({ "key_ops": "verify" }), Some("jwk_malformed")),
            (json!({ "alg": "ES256" }), Some("jwk_alg_mismatch")),
            (json!({ "alg": "HS256" }), Some("jwk_alg_mismatch")),
            (json!({ "d": "AA" }), Some("jwk_private")),
            (json!({ "crv": "X25519" }), Some("jwk_type_unsupported")),
            (json!({ "kty": "oct" }), Some("jwk_type_unsupported")),
            (json!({ "kid": 7 }), Some("jwk_malformed")),
            (json!({ "x": "AA" }), Some("jwk_unsound")),
            (json!({ "x": format!("{}=", X[0]) }), Some("jwk_malformed")),
        ] {
            let read = set(&[ed25519(0, &more)]);
            assert_eq!(read.skipped().first().map(|skipped| skipped.why), why, "{more}");
            assert_eq!(read.keys().len(), usize::from(why.is_none()), "{more}");
        }
        assert_eq!(set(&[json!("text")]).skipped(), [SkippedKey { index: 0, why: "jwk_malformed" }]);
    }

    #[test]
    fn without_a_kid_only_an_only_key_is_found() {
        let one = set(&[ed25519(0, &json!({ "kid": "a" }))]);
        assert!(one.find(Algorithm::EdDsa, None).is_some());
        assert!(one.find(Algorithm::EdDsa, Some("a")).is_some());
        assert!(one.find(Algorithm::EdDsa, Some("b")).is_none());
        assert!(
            one.find(Algorithm::Es256, Some("a")).is_none(),
            "the name is right, the algorithm is not the key's"
        );
        let two = set(&[ed25519(0, &json!({ "kid": "a" })), ed25519(1, &json!({}))]);
        assert!(two.find(Algorithm::EdDsa, None).is_none());
        assert!(two.find(Algorithm::EdDsa, Some("a")).is_some());
    }

    #[test]
    fn two_keys_under_one_name_are_both_refused_and_a_repeated_key_once() {
        let named = |which| ed25519(which, &json!({ "kid": "a" }));
        let clash = set(&[named(0), named(1), named(0)]);
        assert!(clash.keys().is_empty());
        assert_eq!(clash.skipped().iter().map(|skipped| skipped.index).collect::<Vec<_>>(), [0, 1, 2]);
        let twice = set(&[named(0), named(0)]);
        assert_eq!(twice.keys().len(), 1);
        assert_eq!(twice.skipped(), [SkippedKey { index: 1, why: "jwk_repeated" }]);
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, "<html>"] {
            assert_eq!(KeySet::parse(text.as_bytes()).err(), Some(KeySetError::Malformed), "{text}");
        }
        let long = format!(r#"{{"keys":[]{}}}"#, " ".repeat(MAX_KEY_SET_LEN));
        assert_eq!(KeySet::parse(long.as_bytes()).err(), Some(KeySetError::TooLong));
        assert!(KeySet::parse(br#"{"keys":[]}"#).unwrap().keys().is_empty());
    }
}
