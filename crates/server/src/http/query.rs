//! Query parameters: each that decides something comes once.

use super::problem::Problem;
use authmint_protocol::{ErrorCode, time::Timestamp};
use axum::extract::FromRequestParts;
use http::request::Parts;
use std::{convert::Infallible, str::FromStr};
use utoipa::openapi::{
    Object, RefOr, Required, Schema,
    path::{Parameter, ParameterBuilder, ParameterIn},
};

/// The parameters of a call, decoded once.
#[derive(Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// A parameter that may be missing; an empty one is missing (RFC 6749, section 3.1), a repeated one is refused.
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        Ok(self.given(name)?.filter(|value| !value.is_empty()))
    }

    /// A parameter that may be missing, be it empty.
    fn given(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(invalid(format!("the parameter {name} comes more than once"))),
            (value, None) => Ok(value),
        }
    }

    /// A parameter that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<&str, Problem> {
        self.optional(name)?.ok_or_else(|| invalid(format!("the parameter {name} is missing")))
    }

    /// A whole number that may be missing: digits alone, and no more than a row can hold.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u64>, Problem> {
        let read = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| digits && i64::try_from(*number).is_ok())
        };
        self.read(name, read, "a whole number")
    }

    /// An ID that may be missing.
    pub(crate) fn id<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Problem> {
        self.read(name, |text| text.parse().ok(), "a UUID with hyphens")
    }

    /// A moment that may be missing.
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        self.read(name, Timestamp::from_iso8601, "a time in UTC such as 2026-11-23T14:30:01Z")
    }

    /// A parameter that may be missing, and is `what` if it is there.
    ///
    /// An empty one is not: a call that names a user or a project by a variable that was never set means another list.
    pub(crate) fn read<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
        what: &str,
    ) -> Result<Option<T>, Problem> {
        let found = self.given(name)?;
        found
            .map(|text| read(text).ok_or_else(|| invalid(format!("the parameter {name} is {what}"))))
            .transpose()
    }
}

/// Describes a parameter that may be missing.
pub(super) fn parameter(name: &str, description: &str, schema: Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(RefOr::T(Schema::Object(schema))))
        .build()
}

fn invalid(text: String) -> Problem {
    Problem::new(ErrorCode::ParameterInvalid, text)
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_comes_once_or_not_at_all() {
        let query = Query::parse("a=1&b=&c=1&c=2&d=x%20y+z&%61%62=3");
        assert_eq!(query.required("a").unwrap(), "1");
        assert_eq!(query.optional("b").unwrap(), None);
        assert!(query.required("b").is_err());
        assert_eq!(query.optional("c").unwrap_err().code(), ErrorCode::ParameterInvalid);
        assert_eq!(query.required("d").unwrap(), "x y z");
        assert_eq!(query.required("ab").unwrap(), "3", "names are decoded, too, and once");
        assert_eq!(query.optional("e").unwrap(), None);
        assert_eq!((query.number("a").unwrap(), query.number("e").unwrap()), (Some(1), None));
        assert!(query.number("b").is_err() && query.time("b").is_err() && query.number("d").is_err());
    }
}
