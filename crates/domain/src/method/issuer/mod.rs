//! Sign-in by a JWT of an issuer that the project trusts: by which rules it is accepted, and whom it proves.

mod report;
mod rules;

pub use report::Row;
pub use rules::{AssertionInvalid, Claimed, Rules, USUAL_MAX_AGE, claimed};

use crate::model::{issuer::TrustedIssuer, user::Proof};
use authmint_protocol::time::Timestamp;
use serde_json::{Map, Value};

/// How a person was proven is not known beyond this: another issuer vouches for them.
const AMR: &str = "fed";
/// The most values of `amr` that are taken over, and the longest of them.
const MOST_AMR: usize = 8;
const LONGEST_AMR: usize = 32;

/// What a JWT proves once it has verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The user, as the issuer names one.
    pub user_id: String,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// Until when it verifies.
    pub expires_at: Timestamp,
    /// All its claims.
    pub claims: Map<String, Value>,
}

impl Verified {
    /// The identity that it proves: this issuer's user, and no address, whatever it says of one.
    ///
    /// How and when the user signed in is taken from `amr` and `auth_time` where the issuer says it, and at its lowest
    /// where not: by another's word, when the JWT was issued.
    #[must_use]
    pub fn proof(&self, issuer: &TrustedIssuer, now: Timestamp) -> Proof {
        let said = self.claims.get("auth_time").and_then(Value::as_i64).filter(|seconds| *seconds > 0);
        let signed_in = said.map(Timestamp::from_unix_seconds).or(self.issued_at).unwrap_or(Timestamp::EPOCH);
        Proof {
            method: issuer.method().into(),
            subject: self.user_id.clone(),
            email: None,
            amr: self.amr().into(),
            at: signed_in.min(now),
        }
    }

    /// Insists that it was issued since a moment: what the project ended before then is not opened again by a JWT of before.
    ///
    /// # Errors
    /// [`AssertionInvalid`] if it was issued earlier, or does not say when.
    pub fn issued_since(&self, moment: Option<Timestamp>) -> Result<(), AssertionInvalid> {
        match (moment, self.issued_at) {
            (Some(moment), Some(issued)) if issued >= moment => Ok(()),
            (None, _) => Ok(()),
            (Some(_), _) => Err(AssertionInvalid::new(
                "times",
                "it was issued before the moment at which the project ended all sessions; get a new one from its issuer",
            )),
        }
    }

    fn amr(&self) -> String {
        let Some(Value::Array(list)) = self.claims.get("amr") else { return AMR.to_owned() };
        let sound = |text: &&str| {
            (1..=LONGEST_AMR).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let values: Vec<&str> = list.iter().filter_map(Value::as_str).filter(sound).take(MOST_AMR).collect();
        if values.is_empty() || values.len() != list.len() { AMR.to_owned() } else { values.join(" ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::assertion::Reuse;
    use authmint_protocol::{
        id::{IssuerId, ProjectId},
        issuer::IssuerTerms,
    };

    fn verified(claims: Value) -> Verified {
        let Value::Object(claims) = claims else { panic!("an object") };
        let at = Timestamp::from_unix_seconds;
        Verified { user_id: "alice".into(), issued_at: Some(at(900)), expires_at: at(2000), claims }
    }

    fn proof(claims: Value) -> (String, i64) {
        let issuer = TrustedIssuer {
            id: IssuerId::from_bytes([1; 16]),
            project_id: ProjectId::from_bytes([2; 16]),
            name: "corp".into(),
            terms: IssuerTerms::default(),
            reuse: Reuse::Never,
            created_at: Timestamp::EPOCH,
        };
        let proof = verified(claims).proof(&issuer, Timestamp::from_unix_seconds(1000));
        assert_eq!((&*proof.method, proof.email), ("issuer:corp", None));
        (proof.amr.into_owned(), proof.at.unix_seconds())
    }

    #[test]
    fn how_and_when_is_what_the_issuer_says_or_the_lowest() {
        use serde_json::json;
        assert_eq!(proof(json!({})), ("fed".to_owned(), 900));
        assert_eq!(proof(json!({ "amr": ["pwd", "otp"], "auth_time": 500 })), ("pwd otp".to_owned(), 500));
        for odd in
            [json!("pwd"), json!([]), json!(["a b"]), json!(["pwd", 1]), json!([""]), json!(["x".repeat(33)])]
        {
            assert_eq!(proof(json!({ "amr": odd })).0, "fed");
        }
        assert_eq!(proof(json!({ "auth_time": 5000 })).1, 1000, "never in the future");
        assert_eq!(proof(json!({ "auth_time": "500" })).1, 900);
    }

    #[test]
    fn threat_36_an_address_in_the_jwt_proves_nothing() {
        proof(serde_json::json!({ "email": "ada@example.com", "email_verified": true }));
    }
}
