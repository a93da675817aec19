//! Issuers that many apps use, as rows of a table: each read from the issuer's own public document.

use crate::token::Algorithm::{self, EdDsa, Es256, Rs256};
use std::collections::BTreeMap;

/// What is known of one kind of issuer. Texts in braces are filled with the fields that an app gives.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What an app must give.
    pub fields: &'static [Field],
    /// The `iss` of its JWTs; empty: the issuer does not tell, and the app must say it.
    pub issuer: &'static str,
    /// Where its key set is.
    pub jwks_uri: &'static str,
    /// The claims in which it may say for whom a JWT is.
    pub audience_claims: &'static [&'static str],
    /// For whom; empty: the app must say it.
    pub audience: &'static str,
    /// The claim that names the user.
    pub user_id_claim: &'static str,
    /// What it signs with.
    pub algorithms: &'static [Algorithm],
    /// Claims without which a JWT of it is none of a signed-in user.
    pub required: &'static [&'static str],
    /// What must stand in `scope`, among words with spaces between; empty: nothing.
    pub scope: &'static str,
    /// The public document that says so.
    pub source: &'static str,
}

/// A field of a preset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A host name without scheme, port or path.
    Host,
    /// Letters, digits, `-` and `_`: it can break out of no URL.
    Id,
    /// One of these, and what is filled in for it.
    OneOf(&'static [(&'static str, &'static str)]),
    /// An ID whose beginning says where the key set is.
    Prefixed(&'static [(&'static str, &'static str)]),
}

const fn host(name: &'static str) -> Field {
    Field { name, kind: Kind::Host }
}

const fn id(name: &'static str) -> Field {
    Field { name, kind: Kind::Id }
}

/// Every preset.
pub const PRESETS: [Preset; 10] = [
    Preset {
        name: "auth0",
        fields: &[host("domain")],
        issuer: "https://{domain}/",
        jwks_uri: "https://{domain}/.well-known/jwks.json",
        audience_claims: &["aud"],
        audience: "",
        user_id_claim: "sub",
        algorithms: &[Rs256],
        required: &[],
        scope: "",
        source: "https://auth0.com/docs/secure/tokens/access-tokens/validate-access-tokens",
    },
    Preset {
        name: "firebase",
        fields: &[id("project_id")],
        issuer: "https://securetoken.google.com/{project_id}",
        jwks_uri: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        audience_claims: &["aud"],
        audience: "{project_id}",
        user_id_claim: "sub",
        algorithms: &[Rs256],
        required: &["auth_time"],
        scope: "",
        source: "https://firebase.google.com/docs/auth/admin/verify-id-tokens",
    },
    Preset {
        name: "supabase",
        fields: &[id("project_ref")],
        issuer: "https://{project_ref}.supabase.co/auth/v1",
        jwks_uri: "https://{project_ref}.supabase.co/auth/v1/.well-known/jwks.json",
        audience_claims: &["aud"],
        audience: "authenticated",
        user_id_claim: "sub",
        algorithms: &[Es256, Rs256, EdDsa],
        // Its service and anonymous keys are JWTs, too, and have none.
        required: &["session_id"],
        scope: "",
        source: "https://supabase.com/docs/guides/auth/jwts",
    },
    Preset {
        name: "stytch",
        fields: &[Field {
            name: "project_id",
            kind: Kind::Prefixed(&[("project-test-", "test"), ("project-live-", "api")]),
        }],
        issuer: "stytch.com/{project_id}",
        jwks_uri: "https://{project_id.host}.stytch.com/v1/sessions/jwks/{project_id}",
        audience_claims: &["aud"],
        audience: "{project_id}",
        user_id_claim: "sub",
        algorithms: &[Rs256],
        required: &[],
        scope: "",
        source: "https://stytch.com/docs/consumer-auth/manage-sessions/validate-session",
    },
    Preset {
        name: "cognito",
        fields: &[id("region"), id("user_pool_id"), id("client_id")],
        issuer: "https://cognito-idp.{region}.amazonaws.com/{user_pool_id}",
        jwks_uri: "https://cognito-idp.{region}.amazonaws.com/{user_pool_id}/.well-known/jwks.json",
        // Access tokens name the client in `client_id`, ID tokens in `aud`.
        audience_claims: &["client_id", "aud"],
        audience: "{client_id}",
        user_id_claim: "sub",
        algorithms: &[Rs256],
        required: &["token_use"],
        scope: "",
        source: "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html",
    },
    Preset {
        name: "kinde",
        fields: &[host("domain")],
        issuer: "https://{domain}",
        jwks_uri: "https://{domain}/.well-known/jwks",
        // Without an API of the app's own `aud` is empty, and `azp` names the client.
        audience_claims: &["aud", "azp"],
        audience: "",
        user_id_claim: "sub",
        algorithms: &[Rs256],
        required: &[],
        scope: "",
        source: "https://docs.kinde.com/build/tokens/verifying-json-web-tokens/",
    },
    Preset {
        name: "privy",
        fields: &[id("app_id")],
        issuer: "privy.io",
        jwks_uri: "https://auth.privy.io/api/v1/apps/{app_id}/jwks.json",
        audience_claims: &["aud"],
        audience: "{app_id}",
        user_id_claim: "sub",
        algorithms: &[Es256],
        // Its identity tokens describe a user and open nothing; they have none.
        required: &["sid"],
        scope: "",
        source: "https://docs.privy.io/authentication/user-authentication/access-tokens",
    },
    Preset {
        name: "dynamic",
        fields: &[id("environment_id")],
        issuer: "app.dynamic.xyz/{environment_id}",
        jwks_uri: "https://app.dynamic.xyz/api/v0/sdk/{environment_id}/.well-known/jwks",
        audience_claims: &["aud"],
        audience: "",
        user_id_claim: "sub",
        algorithms: &[Rs256],
        required: &[],
        // Without it the sign-in is not finished.
        scope: "user:basic",
        source: "https://www.dynamic.xyz/docs/overview/authentication/tokens",
    },
    Preset {
        name: "clerk",
        fields: &[host("domain")],
        issuer: "https://{domain}",
        jwks_uri: "https://{domain}/.well-known/jwks.json",
        // The origin that the session was made for.
        audience_claims: &["azp"],
        audience: "",
        user_id_claim: "sub",
        algorithms: &[Rs256],
        // Tokens of machines and of templates have none.
        required: &["sid"],
        scope: "",
        source: "https://clerk.com/docs/guides/sessions/manual-jwt-verification",
    },
    Preset {
        name: "crossmint",
        fields: &[
            id("project_id"),
            Field {
                name: "environment",
                kind: Kind::OneOf(&[
                    ("development", "staging"),
                    ("staging", "staging"),
                    ("production", "www"),
                ]),
            },
        ],
        // Crossmint publishes its keys and not its claims.
        issuer: "",
        jwks_uri: "https://{environment}.crossmint.com/.well-known/jwks.json",
        audience_claims: &["aud"],
        audience: "{project_id}",
        user_id_claim: "sub",
        algorithms: &[Rs256, Es256],
        required: &[],
        scope: "",
        source: "https://docs.crossmint.com/introduction/platform/api-keys/jwt-authentication",
    },
];

impl Preset {
    /// The preset of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// A template with the fields filled in; what [`check`](Self::check) finds unsound is not.
    pub(super) fn fill(&self, template: &str, values: &BTreeMap<String, String>) -> String {
        self.fields.iter().fold(template.to_owned(), |text, field| {
            // What is unsound was told as a fault already: one is enough.
            let value =
                values.get(field.name).filter(|value| field.kind.takes(value)).map_or("x", String::as_str);
            let (own, derived) = match field.kind {
                Kind::OneOf(rows) => (row(rows, |known| known == value), ""),
                Kind::Prefixed(rows) => (value, row(rows, |prefix| value.starts_with(prefix))),
                Kind::Host | Kind::Id => (value, ""),
            };
            text.replace(&format!("{{{}}}", field.name), own)
                .replace(&format!("{{{}.host}}", field.name), derived)
        })
    }

    /// What is wrong with the fields: each fault with the field's name.
    pub(super) fn check(&self, values: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let unknown = values.keys().filter(|name| self.fields.iter().all(|field| field.name != **name));
        let unknown = unknown.map(|name| {
            let known = self.fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
            (name.clone(), format!("is no field of {}, which takes {known}", self.name))
        });
        let broken = self.fields.iter().filter_map(|field| {
            let wanted = match values.get(field.name) {
                Some(value) if field.kind.takes(value) => return None,
                Some(_) => format!("must be {}", field.kind.wanted()),
                None => format!("is missing: {} needs {}", self.name, field.kind.wanted()),
            };
            Some((field.name.to_owned(), wanted))
        });
        unknown.chain(broken).collect()
    }
}

fn row(rows: &[(&'static str, &'static str)], fits: impl Fn(&str) -> bool) -> &'static str {
    rows.iter().find(|(known, _)| fits(known)).map_or("", |(_, filled)| filled)
}

impl Kind {
    fn takes(self, value: &str) -> bool {
        let is_id = |value: &str| {
            (1..=128).contains(&value.len())
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        match self {
            Self::Id => is_id(value),
            Self::Host => {
                let label = |label: &str| {
                    !label.is_empty()
                        && !label.starts_with('-')
                        && !label.ends_with('-')
                        && label
                            .bytes()
                            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                };
                value.len() <= 253 && value.contains('.') && value.split('.').all(label)
            }
            Self::OneOf(rows) => rows.iter().any(|(known, _)| *known == value),
            Self::Prefixed(rows) => is_id(value) && rows.iter().any(|(prefix, _)| value.starts_with(prefix)),
        }
    }

    fn wanted(self) -> String {
        let names = |rows: &[(&'static str, _)]| rows.iter().map(|row| row.0).collect::<Vec<_>>().join(", ");
        match self {
            Self::Host => "a host name in lower case, without scheme, port or path".to_owned(),
            Self::Id => "an ID of letters, digits, - and _".to_owned(),
            Self::OneOf(rows) => format!("one of {}", names(rows)),
            Self::Prefixed(rows) => format!("an ID that begins with one of {}", names(rows)),
        }
    }
}
