//! What is asked for when an issuer is to be trusted.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// By which rules an issuer's JWTs are to be accepted: by a preset and its fields, or by hand.
///
/// With a preset, whatever else is given takes the place of what the preset says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IssuerTerms {
    /// The name of a [preset](super::preset), such as `auth0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// What the preset asks for, such as `domain`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The `iss` of its JWTs, to the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where its key set is; else its discovery document says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// For whom its JWTs are: one of these must stand there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// Accepts JWTs that the issuer made for anybody. Only for an issuer that serves no other app.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub any_audience: bool,
    /// The claim that names the user; `sub` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id_claim: Option<String>,
    /// What its JWTs are signed with; each of ours unless said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub algorithms: Vec<String>,
    /// How many seconds its clock may differ; 5 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leeway: Option<u64>,
    /// How many seconds after it was issued a JWT is accepted at most; until its `exp` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
}

impl IssuerTerms {
    /// An issuer by hand: its `iss`, to the letter, and for whom its JWTs are.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), audience: vec![audience.into()], ..Self::default() }
    }

    /// An issuer by a preset, whose [fields](Self::field) follow.
    #[must_use]
    pub fn preset(name: impl Into<String>) -> Self {
        Self { preset: Some(name.into()), ..Self::default() }
    }

    /// Gives a field of the preset.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Adds one for whom its JWTs are.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// Says where its key set is, for an issuer without a discovery document.
    #[must_use]
    pub fn jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.jwks_uri = Some(url.into());
        self
    }

    /// Says which claim names the user.
    #[must_use]
    pub fn user_id_claim(mut self, name: impl Into<String>) -> Self {
        self.user_id_claim = Some(name.into());
        self
    }
}

/// Read from an object of JSON, member by member: what serde would derive is a tenth of the guard as WebAssembly.
impl<'de> Deserialize<'de> for IssuerTerms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::<String, Value>::deserialize(deserializer)?;
        Self::of_members(members)
            .map_err(|name| D::Error::custom(format_args!("an issuer has no such {name}")))
    }
}

impl IssuerTerms {
    /// The error is the name of the member that is not as it should be.
    fn of_members(members: Map<String, Value>) -> Result<Self, String> {
        let mut terms = Self::default();
        for (name, value) in members {
            let taken = match name.as_str() {
                _ if value.is_null() => Some(()),
                "preset" => text(value).map(|text| terms.preset = Some(text)),
                "issuer" => text(value).map(|text| terms.issuer = Some(text)),
                "jwks_uri" => text(value).map(|text| terms.jwks_uri = Some(text)),
                "user_id_claim" => text(value).map(|text| terms.user_id_claim = Some(text)),
                "audience" => texts(value).map(|list| terms.audience = list),
                "algorithms" => texts(value).map(|list| terms.algorithms = list),
                "any_audience" => value.as_bool().map(|on| terms.any_audience = on),
                "leeway" => value.as_u64().map(|seconds| terms.leeway = Some(seconds)),
                "max_age" => value.as_u64().map(|seconds| terms.max_age = Some(seconds)),
                "fields" => fields(value).map(|given| terms.fields = given),
                _ => None,
            };
            taken.ok_or(name)?;
        }
        Ok(terms)
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) => list.into_iter().map(text).collect(),
        _ => None,
    }
}

fn fields(value: Value) -> Option<BTreeMap<String, String>> {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| Some((name, text(value)?))).collect()
        }
        _ => None,
    }
}
