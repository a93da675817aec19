//! Proof Key for Code Exchange (RFC 7636): whoever began a sign-in, and nobody else, can end it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The one method that is accepted: `plain` would hand the verifier to whoever sees the first request.
pub const METHOD: &str = "S256";

/// A challenge or its answer is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PkceRefused {
    /// Another method than S256.
    #[error("code_challenge_method must be S256")]
    Method,
    /// The challenge is not 32 bytes in base64url without padding (section 4.2).
    #[error("code_challenge must be the SHA-256 of the verifier in base64url without padding")]
    Challenge,
    /// The verifier is not 43 to 128 unreserved characters (section 4.1).
    #[error("code_verifier must be 43 to 128 characters of A to Z, a to z, 0 to 9 and -._~")]
    Verifier,
    /// They do not belong together.
    #[error("the code_verifier is not the one of this sign-in")]
    Mismatch,
}

impl PkceRefused {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Method => "pkce_method_not_allowed",
            Self::Challenge => "pkce_challenge_malformed",
            Self::Verifier => "pkce_verifier_malformed",
            Self::Mismatch => "pkce_mismatch",
        }
    }
}

/// Checks the form of a challenge.
///
/// # Errors
/// [`PkceRefused::Challenge`].
pub fn check_challenge(challenge: &str) -> Result<(), PkceRefused> {
    let sound = challenge.len() == 43 && BASE64URL.decode(challenge).is_ok_and(|bytes| bytes.len() == 32);
    if sound { Ok(()) } else { Err(PkceRefused::Challenge) }
}

/// The challenge of a verifier.
///
/// # Errors
/// [`PkceRefused::Verifier`] if it has not the form of one.
pub fn challenge_of(verifier: &str) -> Result<String, PkceRefused> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(PkceRefused::Verifier);
    }
    Ok(BASE64URL.encode(Sha256::digest(verifier.as_bytes())))
}

/// Whether the verifier is the challenge's (section 4.6).
///
/// # Errors
/// [`PkceRefused`] says why not.
pub fn verify(challenge: &str, method: &str, verifier: &str) -> Result<(), PkceRefused> {
    if method != METHOD {
        return Err(PkceRefused::Method);
    }
    check_challenge(challenge)?;
    let made = challenge_of(verifier)?;
    if made.as_bytes().ct_eq(challenge.as_bytes()).into() { Ok(()) } else { Err(PkceRefused::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_holds() {
        assert_eq!(verify(CHALLENGE, METHOD, VERIFIER), Ok(()));
    }

    #[test]
    fn threat_32_nothing_but_its_verifier_answers_a_challenge() {
        let other = "a".repeat(43);
        assert_eq!(verify(CHALLENGE, METHOD, &other), Err(PkceRefused::Mismatch));
        assert_eq!(verify(CHALLENGE, "plain", CHALLENGE), Err(PkceRefused::Method));
        assert_eq!(verify(CHALLENGE, "s256", VERIFIER), Err(PkceRefused::Method));
        for verifier in [
            "",
            "short",
            &"a".repeat(42),
            &"a".repeat(129),
            &format!("{}=", "a".repeat(43)),
            &format!("{}\n", "a".repeat(43)),
        ] {
            assert_eq!(verify(CHALLENGE, METHOD, verifier), Err(PkceRefused::Verifier), "{verifier}");
        }
        for challenge in ["", "x", &format!("{CHALLENGE}="), &CHALLENGE[1..], &CHALLENGE.replace('-', "+")] {
            assert_eq!(verify(challenge, METHOD, VERIFIER), Err(PkceRefused::Challenge), "{challenge}");
        }
    }
}
