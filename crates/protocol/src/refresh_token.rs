//! How refresh tokens and one-time secrets are laid out; whether one is genuine, the service's MAC decides.
//!
//! ```text
//! refresh token     class (3) ‖ key id (4) ‖ project id (16) ‖ session id (16) ‖ generation (4) ‖ branch (4) ‖ MAC (32)
//! one-time secret   class (3) ‖ key id (4) ‖ project id (16) ‖ secret id  (16)                             ‖ MAC (32)
//! ```
//!
//! Numbers are big-endian. The text is base64url without padding (RFC 4648, section 5): nothing in it is special
//! to a cookie parser. The class bytes name kind and version; they are chosen so that the text begins with `amr1`
//! or `ams1`, which lets a secret scanner recognise one.

use crate::{
    id::{OneTimeSecretId, ProjectId, SessionId},
    secret::{OneTimeSecret, RefreshToken},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};

/// Length of the MAC at the end of both kinds: a whole HMAC-SHA-256.
pub const MAC_LEN: usize = 32;

const REFRESH_CLASS: [u8; 3] = [0x6a, 0x6a, 0xf5];
const ONE_TIME_CLASS: [u8; 3] = [0x6a, 0x6b, 0x35];
const REFRESH_LEN: usize = 3 + 4 + 16 + 16 + 4 + 4 + MAC_LEN;
const ONE_TIME_LEN: usize = 3 + 4 + 16 + 16 + MAC_LEN;

/// What a refresh token says of itself, before or after its MAC is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshClaims {
    /// Which key of the key ring made the MAC.
    pub key_id: u32,
    /// The project whose session this is.
    pub project_id: ProjectId,
    /// The session that the token belongs to.
    pub session_id: SessionId,
    /// How many rotations lie before this token, the first token being 1.
    pub generation: u32,
    /// Which of its generation's copies this is, the first being 1.
    pub branch: u32,
}

/// What a one-time secret says of itself, before or after its MAC is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneTimeClaims {
    /// Which key of the key ring made the MAC.
    pub key_id: u32,
    /// The project in which the user signed in.
    pub project_id: ProjectId,
    /// The stored secret that this stands for.
    pub secret_id: OneTimeSecretId,
}

/// A text with the form of one of the two kinds, its MAC not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnverifiedRefresh {
    /// It has the form of a refresh token.
    Token(RefreshClaims, UnverifiedMac),
    /// It has the form of a one-time secret.
    OneTime(OneTimeClaims, UnverifiedMac),
}

/// The bytes under a MAC and the MAC that came with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedMac {
    bytes: [u8; REFRESH_LEN],
    len: usize,
}

impl UnverifiedMac {
    /// Everything before the MAC: what it was made over.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.bytes[..self.len - MAC_LEN]
    }

    /// The MAC as it came.
    #[must_use]
    pub fn tag(&self) -> &[u8] {
        &self.bytes[self.len - MAC_LEN..self.len]
    }
}

/// The text has the form of neither kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token of this service")]
pub struct MalformedToken;

impl UnverifiedRefresh {
    /// Reads a text that claims to be a refresh token or a one-time secret.
    ///
    /// One text per value: a text that decodes but is not the canonical encoding is refused, so that a token
    /// cannot be varied into a second token.
    ///
    /// # Errors
    /// [`MalformedToken`] if length, alphabet, class or canonical form do not fit.
    pub fn parse(text: &str) -> Result<Self, MalformedToken> {
        let mut bytes = [0_u8; REFRESH_LEN];
        // The decoder wants room for its estimate, and refuses trailing bits that are not zero.
        let mut room = [0_u8; REFRESH_LEN + 3];
        if text.len() > (REFRESH_LEN * 4).div_ceil(3) {
            return Err(MalformedToken);
        }
        let len = BASE64URL.decode_slice(text, &mut room).map_err(|_| MalformedToken)?;
        bytes.copy_from_slice(&room[..REFRESH_LEN]);
        let mut read = Reader(&bytes);
        let (class, key_id) = (read.take::<3>(), read.number());
        let project_id = ProjectId::from_bytes(read.take());
        match (class, len) {
            (REFRESH_CLASS, REFRESH_LEN) => {
                let claims = RefreshClaims {
                    key_id,
                    project_id,
                    session_id: SessionId::from_bytes(read.take()),
                    generation: read.number(),
                    branch: read.number(),
                };
                Ok(Self::Token(claims, UnverifiedMac { bytes, len }))
            }
            (ONE_TIME_CLASS, ONE_TIME_LEN) => {
                let secret_id = OneTimeSecretId::from_bytes(read.take());
                Ok(Self::OneTime(
                    OneTimeClaims { key_id, project_id, secret_id },
                    UnverifiedMac { bytes, len },
                ))
            }
            _ => Err(MalformedToken),
        }
    }
}

/// The session that a refresh token says it belongs to: the one field that an SDK may read.
///
/// `None` for a text of another form. Unverified: good for noticing that a JWT and a refresh token are of different
/// sessions, never for trusting either.
#[must_use]
pub fn unverified_session_id(token: &RefreshToken) -> Option<SessionId> {
    match UnverifiedRefresh::parse(token.reveal()) {
        Ok(UnverifiedRefresh::Token(claims, _)) => Some(claims.session_id),
        _ => None,
    }
}

impl RefreshClaims {
    /// Writes the token; `mac` is asked for the tag over the bytes before it.
    #[must_use]
    pub fn write(&self, mac: impl FnOnce(&[u8]) -> [u8; MAC_LEN]) -> RefreshToken {
        let mut out = Vec::with_capacity(REFRESH_LEN);
        out.extend_from_slice(&REFRESH_CLASS);
        out.extend_from_slice(&self.key_id.to_be_bytes());
        out.extend_from_slice(self.project_id.as_bytes());
        out.extend_from_slice(self.session_id.as_bytes());
        out.extend_from_slice(&self.generation.to_be_bytes());
        out.extend_from_slice(&self.branch.to_be_bytes());
        out.extend_from_slice(&mac(&out));
        RefreshToken::new(BASE64URL.encode(&out))
    }
}

impl OneTimeClaims {
    /// Writes the secret; `mac` is asked for the tag over the bytes before it.
    #[must_use]
    pub fn write(&self, mac: impl FnOnce(&[u8]) -> [u8; MAC_LEN]) -> OneTimeSecret {
        let mut out = Vec::with_capacity(ONE_TIME_LEN);
        out.extend_from_slice(&ONE_TIME_CLASS);
        out.extend_from_slice(&self.key_id.to_be_bytes());
        out.extend_from_slice(self.project_id.as_bytes());
        out.extend_from_slice(self.secret_id.as_bytes());
        out.extend_from_slice(&mac(&out));
        OneTimeSecret::new(BASE64URL.encode(&out))
    }
}

/// Takes fields off the front of a buffer that is long enough for both kinds.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_first_chunk::<N>().expect("the buffer holds the longest kind");
        self.0 = rest;
        *head
    }

    fn number(&mut self) -> u32 {
        u32::from_be_bytes(self.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> RefreshClaims {
        RefreshClaims {
            key_id: 7,
            project_id: ProjectId::from_bytes([1; 16]),
            session_id: SessionId::from_bytes([2; 16]),
            generation: 3,
            branch: 4,
        }
    }

    #[test]
    fn a_token_reads_back_as_written() {
        let token = claims().write(|_| [9; MAC_LEN]);
        assert!(token.reveal().starts_with("amr1"));
        let UnverifiedRefresh::Token(read, mac) = UnverifiedRefresh::parse(token.reveal()).unwrap() else {
            panic!("a refresh token was written");
        };
        assert_eq!((read, mac.tag()), (claims(), &[9; MAC_LEN][..]));
        assert_eq!(mac.message().len(), REFRESH_LEN - MAC_LEN);
        assert_eq!(unverified_session_id(&token), Some(SessionId::from_bytes([2; 16])));
    }

    #[test]
    fn a_one_time_secret_is_never_read_as_a_refresh_token() {
        let claims = OneTimeClaims {
            key_id: 1,
            project_id: ProjectId::from_bytes([1; 16]),
            secret_id: OneTimeSecretId::from_bytes([5; 16]),
        };
        let secret = claims.write(|_| [9; MAC_LEN]);
        assert!(secret.reveal().starts_with("ams1"));
        assert!(
            matches!(UnverifiedRefresh::parse(secret.reveal()), Ok(UnverifiedRefresh::OneTime(read, _)) if read == claims)
        );
        assert_eq!(unverified_session_id(&RefreshToken::new(secret.reveal().into())), None);
    }

    #[test]
    fn texts_of_any_other_form_are_refused() {
        let good = claims().write(|_| [0; MAC_LEN]).reveal().to_owned();
        let mut bad = vec![
            String::new(),
            "amr1".into(),
            "é".into(),
            format!("{good}A"),
            format!("{good}="),
            format!(" {good}"),
        ];
        bad.extend((1..good.len()).step_by(7).map(|cut| good[..cut].to_owned()));
        bad.push("A".repeat(1_000_000));
        // The last character of this length carries four bits: another one with the same bits must not pass.
        bad.push(format!("{}B", &good[..good.len() - 1]));
        for text in bad {
            assert_eq!(
                UnverifiedRefresh::parse(&text),
                Err(MalformedToken),
                "{}",
                &text[..text.len().min(120)]
            );
        }
    }
}
