//! Why a JWT is refused.

use super::Algorithm;

/// The reason for which a JWT is refused, each with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The text is not a compact JWS with the strict encoding, or header or claims are not unambiguous JSON.
    #[error("not a JWT: {0}")]
    Malformed(&'static str),
    /// The header names an algorithm that is unknown or not on the caller's list.
    #[error("the JWT's algorithm is not allowed here; allow-list it only if its issuer signs with it")]
    AlgorithmNotAllowed,
    /// It is some other token: an ID token, a logout token, a DPoP proof, a security event.
    #[error("this is not a session JWT but another kind of token ({0})")]
    TypeNotAllowed(&'static str),
    /// No key of the set fits; the set may be older than the key.
    #[error(
        "no key of the key set fits this {0} JWT; fetch the key set again, and see that it is the issuer's"
    )]
    KeyUnknown(Algorithm),
    /// The signature does not hold under the key that the JWT names.
    #[error("the JWT's signature does not hold")]
    SignatureInvalid,
    /// The JWT is of another issuer.
    #[error(
        "the JWT's issuer is {found:?}, but {expected:?} is expected; set the expected issuer to the service's public URL"
    )]
    IssuerMismatch {
        /// The issuer that the caller expects.
        expected: String,
        /// What the JWT says.
        found: String,
    },
    /// The JWT is meant for someone else.
    #[error(
        "the JWT's audience is {found}, but {expected:?} is expected; check that the API key is of the same project"
    )]
    AudienceMismatch {
        /// The audience that the caller expects.
        expected: String,
        /// What the JWT says, as JSON.
        found: String,
    },
    /// Its time is over.
    #[error("the JWT has expired")]
    Expired,
    /// Its time has not come; often a clock that is wrong.
    #[error("the JWT is not valid yet; check this machine's clock")]
    NotYetValid,
    /// A claim that must be there is not.
    #[error("the JWT lacks the claim {0:?}")]
    ClaimMissing(String),
    /// A claim is there, but it is not of the type or range that it must have.
    #[error("the JWT's claim {0:?} is of the wrong type or out of range")]
    ClaimInvalid(String),
}

impl JwtError {
    /// The stable code, the same in every language.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "jwt_malformed",
            Self::AlgorithmNotAllowed => "alg_not_allowed",
            Self::TypeNotAllowed(_) => "type_not_allowed",
            Self::KeyUnknown(_) => "key_unknown",
            Self::SignatureInvalid => "signature_invalid",
            Self::IssuerMismatch { .. } => "issuer_mismatch",
            Self::AudienceMismatch { .. } => "audience_mismatch",
            Self::Expired => "jwt_expired",
            Self::NotYetValid => "jwt_not_yet_valid",
            Self::ClaimMissing(_) => "claim_missing",
            Self::ClaimInvalid(_) => "claim_invalid",
        }
    }
}
