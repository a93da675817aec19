//! Session JWTs: which claims they carry and how long they live.

use super::{
    policy::{JWT_AUDIENCE_CROSSMINT, LONGEST_JWT_TTL, Policy},
    session::Session,
};
use authmint_protocol::{secret::SessionJwt, time::Timestamp, token::algorithm::Algorithm};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// The claims of a session JWT (RFC 7519; `sid`, `amr` and `auth_time` as in OpenID Connect Core).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claims {
    /// The service's public base URL, or where the project's policy says so the project ID.
    pub iss: String,
    /// The user ID.
    pub sub: String,
    /// The project ID.
    pub aud: Audience,
    /// When it was minted.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// The session ID.
    pub sid: String,
    /// How the user signed in.
    pub amr: Vec<String>,
    /// When the user signed in.
    pub auth_time: i64,
    /// The address, only where the project asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What the project adds; a policy within its bounds names none of the above.
    #[serde(flatten)]
    pub custom: BTreeMap<String, serde_json::Value>,
}

/// For whom a session JWT is (RFC 7519, section 4.1.3): a plain text where it is for the project alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Audience {
    /// The project.
    Project(String),
    /// The project, which comes first, and another.
    And([String; 2]),
}

/// The most by which a life is shortened, as a divisor: a twentieth is 5 %.
const JITTER_DIVISOR: u32 = 20;

impl Claims {
    /// The claims for `session` at `now`.
    ///
    /// The life is shortened by a drawn part of 5 %, so that browsers that signed in together do not refresh
    /// together; it is never lengthened, and never reaches beyond the session's absolute end. `drawn` is any 16 bits.
    #[must_use]
    pub fn for_session(session: &Session, policy: &Policy, issuer: &str, now: Timestamp, drawn: u16) -> Self {
        // The key set forgets a retired key by this bound, so it must hold whatever a policy says.
        let life = shortened(policy.session_jwt_ttl.min(LONGEST_JWT_TTL), drawn);
        let exp = now.after(life).min(session.absolute_expires_at);
        let project = session.project_id.to_string();
        Self {
            iss: policy.jwt_issuer(session.project_id, issuer),
            sub: session.user.id.to_string(),
            aud: match policy.crossmint_custom_token {
                true => Audience::And([project, JWT_AUDIENCE_CROSSMINT.to_owned()]),
                false => Audience::Project(project),
            },
            iat: now.unix_seconds(),
            // A life of less than a second must not become a JWT that was never valid.
            exp: exp.unix_seconds().max(now.unix_seconds() + 1),
            sid: session.id.to_string(),
            amr: session.sign_in.amr.split(' ').map(str::to_owned).collect(),
            auth_time: session.sign_in.at.unix_seconds(),
            email: session.user.email.clone().filter(|_| policy.email_in_jwt),
            custom: policy.custom_claims.clone(),
        }
    }

    /// Encodes and signs: `header.payload.signature` (RFC 7515, section 7.1).
    ///
    /// # Errors
    /// Whatever `sign` answers.
    pub fn sign<E>(
        &self,
        algorithm: Algorithm,
        kid: &str,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<SessionJwt, E> {
        let header = serde_json::json!({ "alg": algorithm.as_str(), "kid": kid, "typ": "JWT" }).to_string();
        let payload = serde_json::to_vec(self).expect("claims are strings and numbers");
        let mut token = String::with_capacity(1024);
        BASE64URL.encode_string(header, &mut token);
        token.push('.');
        BASE64URL.encode_string(payload, &mut token);
        let signature = sign(token.as_bytes())?;
        token.push('.');
        BASE64URL.encode_string(signature, &mut token);
        Ok(SessionJwt::new(token))
    }
}

fn shortened(life: Duration, drawn: u16) -> Duration {
    life - (life / JITTER_DIVISOR) * u32::from(drawn) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_shortened_by_at_most_a_twentieth_and_never_lengthened() {
        let life = Duration::from_secs(900);
        assert_eq!(shortened(life, 0), life);
        assert_eq!(shortened(life, u16::MAX), Duration::from_secs(855));
        assert!(
            (0..=u16::MAX).step_by(97).all(|drawn| (855..=900).contains(&shortened(life, drawn).as_secs()))
        );
    }
}
