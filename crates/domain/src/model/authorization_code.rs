//! Authorization codes under their MAC: minted for one redirect URI and challenge, believed only with the verifier.

use super::key_ring::{KeyRing, KeyUse};
use authmint_protocol::{
    authorization_code::{Binding, CodeClaims, UnverifiedCode},
    id::{OneTimeSecretId, ProjectId},
    pkce,
    secret::{AuthorizationCode, CodeVerifier},
};

/// The code is not one of this service, or not of this sign-in: another redirect URI, another verifier.
///
/// Which of them it is nobody is told: whoever holds a code that is not theirs learns nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this code is not one of this service, or redirect_uri and code_verifier are not those that the sign-in began with; \
     start it again"
)]
pub struct CodeNotGenuine;

/// Makes the text of a stored one-time secret that is bound to a redirect URI and a challenge.
#[must_use]
pub fn mint(
    ring: &KeyRing,
    (project_id, secret_id): (ProjectId, OneTimeSecretId),
    binding: Binding,
) -> AuthorizationCode {
    let key_id = ring.active();
    CodeClaims { key_id, project_id, secret_id, binding }.write(|message| {
        ring.mac(KeyUse::AuthorizationCode, key_id, message).expect("the active key is in the ring")
    })
}

/// Checks a code with what must come with it; none of it touches the database.
///
/// # Errors
/// [`CodeNotGenuine`].
pub fn check(
    ring: &KeyRing,
    code: &AuthorizationCode,
    verifier: &CodeVerifier,
    redirect_uri: &str,
) -> Result<CodeClaims, CodeNotGenuine> {
    let unverified = UnverifiedCode::parse(code.reveal()).map_err(|_| CodeNotGenuine)?;
    let claims = unverified.claims;
    if !ring.holds(KeyUse::AuthorizationCode, claims.key_id, unverified.message(), unverified.tag()) {
        return Err(CodeNotGenuine);
    }
    let challenge = pkce::challenge_of(verifier.reveal()).map_err(|_| CodeNotGenuine)?;
    // The binding is under the MAC, so whoever compares it learns nothing by the time it takes.
    if claims.binding == Binding::of(redirect_uri, &challenge) { Ok(claims) } else { Err(CodeNotGenuine) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_24_a_code_opens_nothing_without_the_verifier_and_uri_that_it_is_bound_to() {
        let ring = KeyRing::single(1, &[7; 32]);
        let (verifier, uri) = (CodeVerifier::new("v".repeat(43)), "https://app.example/cb");
        let ids = (ProjectId::from_bytes([1; 16]), OneTimeSecretId::from_bytes([2; 16]));
        let binding = Binding::of(uri, &pkce::challenge_of(verifier.reveal()).unwrap());
        let code = mint(&ring, ids, binding);
        let ask = |ring: &KeyRing, verifier: &CodeVerifier, uri: &str| check(ring, &code, verifier, uri);
        assert_eq!(ask(&ring, &verifier, uri).unwrap().secret_id, ids.1);
        let other = CodeVerifier::new("w".repeat(43));
        for refused in [
            ask(&ring, &other, uri),
            ask(&ring, &CodeVerifier::new(String::new()), uri),
            ask(&ring, &verifier, "https://app.example/cb/"),
            ask(&KeyRing::single(1, &[8; 32]), &verifier, uri),
            ask(&KeyRing::single(2, &[7; 32]), &verifier, uri),
        ] {
            assert_eq!(refused, Err(CodeNotGenuine));
        }
    }
}
