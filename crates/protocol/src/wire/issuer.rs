//! Trusted issuers and the exchange: `/api/v1/issuers` and `POST /api/v1/sessions/exchange`.

use crate::secret::{ForeignJwt, disclose};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By which rules an issuer's JWTs are accepted: by a preset and its fields, or by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(example = json!({ "name": "login", "issuer": "https://login.example", "audience": ["shop-app"] }))
)]
pub struct NewIssuer {
    /// What its identities are called: the sign-in method is `issuer:` and this.
    pub name: String,
    /// A preset: `auth0`, `firebase`, `supabase`, `stytch`, `cognito`, `kinde`, `privy`, `dynamic`, `clerk` or
    /// `crossmint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// What the preset asks for, such as `domain`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The `iss` of its JWTs, to the letter; not with a preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where its keys are; missing: its discovery document says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// For whom its JWTs are: one of these must stand in `aud`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// Whether JWTs that are for any app of the issuer are accepted.
    #[serde(default)]
    pub any_audience: bool,
    /// The claim that names the user; missing: `sub`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id_claim: Option<String>,
    /// What its JWTs are signed with: `ES256`, `RS256`, `EdDSA`; missing: any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub algorithms: Vec<String>,
    /// How many seconds its clock may differ; missing: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leeway: Option<u64>,
    /// How many seconds after it was issued a JWT may be traded at most; missing: a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// How often a JWT is accepted: `never` again (the default), or `until_exp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse: Option<String>,
}

/// An issuer that a project trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Issuer {
    /// Its ID.
    pub id: String,
    /// The project.
    pub project_id: String,
    /// When the project began to trust it.
    pub created_at: String,
    /// By which rules its JWTs are accepted, as they were asked for.
    pub terms: NewIssuer,
}

/// Body of `POST /api/v1/issuers/test` and of `POST /api/v1/issuers/{issuer_id}/test`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuerTest {
    /// The JWT; it is not used up, nor kept.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub token: ForeignJwt,
}

/// How a JWT fares with an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuerReport {
    /// The issuer that it was held against; null: the project trusts none that it could be of.
    pub issuer_id: Option<String>,
    /// What the issuer is called.
    pub name: Option<String>,
    /// Whether the JWT would be traded now.
    pub accepted: bool,
    /// Every rule, in the order in which they are asked.
    pub rules: Vec<IssuerRule>,
}

/// What came of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuerRule {
    /// `shape`, `algorithm`, `key`, `signature`, `issuer`, `audience`, `times`, `claim` or `replay`.
    pub rule: String,
    /// Whether the JWT keeps it; null: it could not be asked, since an earlier rule was broken.
    pub passed: Option<bool>,
    /// What the rule wants.
    pub expected: String,
    /// What the JWT holds.
    pub found: String,
    /// What to change; empty where nothing is broken.
    pub change: String,
}

/// Body of `POST /api/v1/sessions/exchange`, in JSON or as a form; the names are those of RFC 8693.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExchangeRequest {
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    pub grant_type: String,
    /// The JWT of the issuer.
    #[serde(serialize_with = "disclose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub subject_token: ForeignJwt,
    /// `urn:ietf:params:oauth:token-type:jwt`, `…:id_token` or `…:access_token`.
    pub subject_token_type: String,
    /// What the issuer is called in the project; missing: the one that the JWT names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}
