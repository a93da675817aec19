//! IDs in paths: of their kind, or there is no such thing.

use super::problem::Problem;
use authmint_protocol::{
    ErrorCode,
    id::{ApiKeyId, IssuerId, OperatorTokenId, ProjectId, SessionId, UserId},
};
use axum::{
    RequestPartsExt as _,
    extract::{FromRequestParts, RawPathParams},
};
use http::request::Parts;
use std::str::FromStr;
use utoipa::{
    IntoParams,
    openapi::{
        Object, RefOr, Schema, SchemaFormat, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

/// What can be named in a path.
pub(crate) trait Named: FromStr {
    /// The name of the path's parameter.
    const PARAMETER: &'static str;
    /// How it is described to those who write clients.
    const DESCRIPTION: &'static str;

    /// There is nothing of this name.
    fn unknown() -> Problem;

    /// The form of its text.
    fn schema() -> Object {
        Object::builder()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("uuid".to_owned())))
            .build()
    }
}

/// The thing that the path names; its text never goes further than this.
pub(crate) struct Id<T>(pub(crate) T);

impl<S: Sync, T: Named> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Ok(found) = parts.extract::<RawPathParams>().await else { return Err(T::unknown()) };
        let text = found.iter().find(|(name, _)| *name == T::PARAMETER).map(|(_, text)| text);
        text.and_then(|text| text.parse().ok()).map(Self).ok_or_else(T::unknown)
    }
}

impl<T: Named> IntoParams for Id<T> {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = ParameterBuilder::new()
            .name(T::PARAMETER)
            .parameter_in(ParameterIn::Path)
            .required(utoipa::openapi::Required::True)
            .description(Some(T::DESCRIPTION))
            .schema(Some(RefOr::T(Schema::Object(T::schema()))));
        vec![parameter.build()]
    }
}

macro_rules! named {
    ($($id:ty: $parameter:literal, $description:literal, $code:ident, $unknown:literal;)*) => {$(
        impl Named for $id {
            const PARAMETER: &'static str = $parameter;
            const DESCRIPTION: &'static str = $description;

            fn unknown() -> Problem {
                Problem::new(ErrorCode::$code, $unknown)
            }
        }
    )*};
}

named! {
    ProjectId: "project_id", "The project.", ProjectUnknown, "there is no such project";
    ApiKeyId: "api_key_id", "The API key's ID, never its text.", ApiKeyNotFound, "no API key has this ID";
    UserId: "user_id", "The user.", UserUnknown, "no such user in this project";
    SessionId: "session_id", "The session.", SessionUnknown, "no such session in this project";
    IssuerId: "issuer_id", "The issuer's ID here.", IssuerUnknown, "this project trusts no issuer of this ID";
    OperatorTokenId: "operator_token_id", "The operator token's ID, never its text.", OperatorTokenNotFound,
        "no operator token has this ID";
}

/// The name of a signing key.
pub(crate) struct Kid(pub(crate) String);

impl FromStr for Kid {
    type Err = ();

    /// A thumbprint in base64url (RFC 7638), or what stands in its place: never longer, never another alphabet.
    fn from_str(text: &str) -> Result<Self, ()> {
        let sound = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if sound { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl Named for Kid {
    const PARAMETER: &'static str = "kid";
    const DESCRIPTION: &'static str = "The key's name in JWTs and in the key set.";

    fn unknown() -> Problem {
        Problem::new(ErrorCode::SigningKeyNotFound, "no signing key has this kid")
    }

    fn schema() -> Object {
        Object::builder().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]{1,64}$")).build()
    }
}
