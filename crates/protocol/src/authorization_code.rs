//! How authorization codes are laid out: what the sign-in page gives to an app, to be traded once for a session.
//!
//! ```text
//! class (3) ‖ key id (4) ‖ project id (16) ‖ secret id (16) ‖ binding (32) ‖ MAC (32)
//! ```
//!
//! A code is a one-time secret of another class: its MAC has a domain of its own, so neither passes for the other, and it
//! carries to which redirect URI and PKCE challenge it is bound. The text begins with `amc1`.

use crate::{
    id::{OneTimeSecretId, ProjectId},
    refresh_token::MAC_LEN,
    secret::AuthorizationCode,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use sha2::{Digest as _, Sha256};

const CLASS: [u8; 3] = [0x6a, 0x67, 0x35];
const LEN: usize = 3 + 4 + 16 + 16 + 32 + MAC_LEN;

/// To which redirect URI and challenge a code is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding([u8; 32]);

impl Binding {
    /// The binding of a redirect URI and a challenge.
    #[must_use]
    pub fn of(redirect_uri: &str, challenge: &str) -> Self {
        let mut hash = Sha256::new();
        // The length keeps the two apart whatever they hold.
        hash.update((redirect_uri.len() as u64).to_be_bytes());
        hash.update(redirect_uri.as_bytes());
        hash.update(challenge.as_bytes());
        Self(hash.finalize().into())
    }
}

/// What a code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeClaims {
    /// Which key of the ring made the MAC.
    pub key_id: u32,
    /// The project.
    pub project_id: ProjectId,
    /// The row that it opens.
    pub secret_id: OneTimeSecretId,
    /// To what it is bound.
    pub binding: Binding,
}

/// A code as it came; only the service's MAC says whether it is genuine.
pub struct UnverifiedCode {
    /// What it says.
    pub claims: CodeClaims,
    bytes: [u8; LEN],
}

/// The text has not the form of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an authorization code of this service")]
pub struct MalformedCode;

impl CodeClaims {
    /// Writes the code; `mac` makes the MAC of what stands before it.
    pub fn write(&self, mac: impl FnOnce(&[u8]) -> [u8; MAC_LEN]) -> AuthorizationCode {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend_from_slice(&CLASS);
        bytes.extend_from_slice(&self.key_id.to_be_bytes());
        bytes.extend_from_slice(self.project_id.as_bytes());
        bytes.extend_from_slice(self.secret_id.as_bytes());
        bytes.extend_from_slice(&self.binding.0);
        let tag = mac(&bytes);
        bytes.extend_from_slice(&tag);
        AuthorizationCode::new(BASE64URL.encode(bytes))
    }
}

impl UnverifiedCode {
    /// Reads a code.
    ///
    /// # Errors
    /// [`MalformedCode`].
    pub fn parse(text: &str) -> Result<Self, MalformedCode> {
        if text.len() != (LEN * 4).div_ceil(3) {
            return Err(MalformedCode);
        }
        let bytes: [u8; LEN] =
            BASE64URL.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(MalformedCode)?;
        let part = |from: usize| -> [u8; 16] { std::array::from_fn(|index| bytes[from + index]) };
        if bytes[..3] != CLASS {
            return Err(MalformedCode);
        }
        let claims = CodeClaims {
            key_id: u32::from_be_bytes(std::array::from_fn(|index| bytes[3 + index])),
            project_id: ProjectId::from_bytes(part(7)),
            secret_id: OneTimeSecretId::from_bytes(part(23)),
            binding: Binding(std::array::from_fn(|index| bytes[39 + index])),
        };
        Ok(Self { claims, bytes })
    }

    /// What the MAC is over.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.bytes[..LEN - MAC_LEN]
    }

    /// The MAC that came.
    #[must_use]
    pub fn tag(&self) -> &[u8] {
        &self.bytes[LEN - MAC_LEN..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refresh_token::UnverifiedRefresh;

    #[test]
    fn a_code_reads_back_and_is_no_refresh_token() {
        let claims = CodeClaims {
            key_id: 7,
            project_id: ProjectId::from_bytes([1; 16]),
            secret_id: OneTimeSecretId::from_bytes([2; 16]),
            binding: Binding::of("https://a.example/cb", "challenge"),
        };
        let code = claims.write(|_| [9; MAC_LEN]);
        assert!(code.reveal().starts_with("amc1"), "{}", code.reveal());
        let read = UnverifiedCode::parse(code.reveal()).unwrap();
        assert_eq!((read.claims, read.tag()), (claims, &[9; MAC_LEN][..]));
        assert!(UnverifiedRefresh::parse(code.reveal()).is_err());
        for broken in [
            "",
            "amc1",
            &code.reveal()[1..],
            &format!("{}A", code.reveal()),
            &code.reveal().replace("amc1", "amr1"),
        ] {
            assert!(UnverifiedCode::parse(broken).is_err());
        }
    }

    #[test]
    fn a_binding_tells_uri_and_challenge_apart() {
        assert_ne!(Binding::of("https://a.example/cb", "x"), Binding::of("https://a.example/c", "bx"));
    }
}
