//! By which rules the service accepts a JWT of another issuer: the issuer's own, and how old a JWT may be.

use super::{
    Verified,
    report::{Report, Row},
};
use crate::port::KeySource;
use authmint_protocol::{
    id::ProjectId,
    issuer::{self, IssuerTerms, KeyPlace, TermsFault},
    jwk::KeySet,
    time::Timestamp,
    token::{JwtError, UnverifiedJwt, native},
};
use serde_json::{Map, Value};

/// How many seconds after it was issued a JWT may be traded, unless said: a sign-in is a matter of minutes, a token of a day or less.
pub const USUAL_MAX_AGE: u64 = 86_400;

/// A JWT of another issuer does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this JWT is not accepted by the rule {rule:?}: {why}")]
pub struct AssertionInvalid {
    /// The rule that it breaks.
    pub rule: &'static str,
    /// What is wrong, and what to change.
    pub why: String,
}

impl AssertionInvalid {
    /// Names the rule that a JWT breaks.
    #[must_use]
    pub fn new(rule: &'static str, why: impl Into<String>) -> Self {
        Self { rule, why: why.into() }
    }
}

/// The rules of one issuer, as the service asks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules(issuer::Rules);

/// What a JWT says of itself before anything of it has verified: good for choosing whom to ask, and for nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// Its `iss`.
    pub issuer: String,
    /// The name of the key that it wants.
    pub kid: Option<String>,
    claims: Map<String, Value>,
}

/// Reads what a JWT says of itself.
///
/// # Errors
/// [`AssertionInvalid`] if it has not even the form of one.
pub fn claimed(token: &str) -> Result<Claimed, AssertionInvalid> {
    let jwt = UnverifiedJwt::parse(token).map_err(|error| match error {
        JwtError::AlgorithmNotAllowed => AssertionInvalid::new("algorithm", error.to_string()),
        error => AssertionInvalid::new("shape", error.to_string()),
    })?;
    let claims =
        claims(&jwt).ok_or_else(|| AssertionInvalid::new("shape", "its claims are no JSON object"))?;
    match claims.get("iss").and_then(Value::as_str) {
        Some(issuer) => Ok(Claimed { issuer: issuer.to_owned(), kid: jwt.kid().map(str::to_owned), claims }),
        None => {
            Err(AssertionInvalid::new("issuer", "it says no issuer (iss); is it a token of another kind?"))
        }
    }
}

/// The claims as they stand there.
pub(super) fn claims(jwt: &UnverifiedJwt<'_>) -> Option<Map<String, Value>> {
    serde_json::from_slice(&jwt.payload().ok()?).ok()
}

impl Rules {
    /// Reads what was asked for.
    ///
    /// # Errors
    /// Every [`TermsFault`] at once.
    pub fn of(terms: &IssuerTerms) -> Result<Self, Vec<TermsFault>> {
        let max_age = terms.max_age.or(Some(USUAL_MAX_AGE));
        issuer::Rules::of(&IssuerTerms { max_age, ..terms.clone() }).map(Self)
    }

    /// The issuer's own.
    pub(super) const fn inner(&self) -> &issuer::Rules {
        &self.0
    }

    /// Where its keys are said to be.
    #[must_use]
    pub const fn place(&self) -> &KeyPlace {
        self.0.keys()
    }

    /// Under what its keys are kept.
    #[must_use]
    pub fn key_source(&self, project_id: ProjectId) -> KeySource {
        KeySource { project_id, issuer: self.0.issuer().to_owned(), place: self.0.keys().clone() }
    }

    /// Whether a JWT claims to be of this issuer.
    #[must_use]
    pub fn may_have_signed(&self, claimed: &Claimed) -> bool {
        claimed.issuer == self.0.issuer()
    }

    /// Whether a JWT claims to be for whom this issuer's must be.
    #[must_use]
    pub fn knows_audience(&self, claimed: &Claimed) -> bool {
        self.0.audience().is_none_or(|known| super::report::names_one(known, &claimed.claims))
    }

    /// The name of the key that a JWT wants, if all that can be told without the key is in order.
    ///
    /// # Errors
    /// [`AssertionInvalid`]; nobody need be asked for keys then.
    pub fn kid(&self, token: &str, now: Timestamp) -> Result<Option<String>, AssertionInvalid> {
        Report::before_keys(self, token, now).first_failure()?;
        let jwt =
            UnverifiedJwt::parse(token).map_err(|why| AssertionInvalid::new("shape", why.to_string()))?;
        Ok(jwt.kid().map(str::to_owned))
    }

    /// Verifies a JWT under the issuer's keys: the first rule that it breaks is the error.
    ///
    /// # Errors
    /// [`AssertionInvalid`].
    pub fn verify(&self, token: &str, keys: &KeySet, now: Timestamp) -> Result<Verified, AssertionInvalid> {
        self.checked(token, keys, now).or_else(|error| {
            // What is wrong is told by the rule; that it is wrong was decided already.
            Report::under(self, token, keys, now).first_failure()?;
            Err(AssertionInvalid::new("claim", error.to_string()))
        })
    }

    pub(super) fn checked(&self, token: &str, keys: &KeySet, now: Timestamp) -> Result<Verified, JwtError> {
        let pending = self.0.begin(token, keys)?;
        let holds = native::check(pending.check());
        let verified = self.0.finish(pending, holds, now)?;
        Ok(Verified {
            user_id: verified.subject,
            issued_at: verified.issued_at,
            expires_at: verified.expires_at.after(self.0.leeway()),
            claims: verified.claims,
        })
    }

    /// Holds a JWT against every rule.
    #[must_use]
    pub fn report(&self, token: &str, keys: Result<&KeySet, String>, now: Timestamp) -> Vec<Row> {
        match keys {
            Ok(keys) => Report::under(self, token, keys, now).rows,
            Err(why) => Report::without_keys(self, token, why, now).rows,
        }
    }
}
