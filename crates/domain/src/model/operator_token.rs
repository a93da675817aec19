//! Operator tokens: what lets an operator's tools act on every project, shown once and kept as a hash.

use super::key_ring::sha256;
use authmint_protocol::{ErrorCode, id::OperatorTokenId, secret::OperatorTokenText, time::Timestamp};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};

/// How every token begins, so that a secret scanner recognises one.
const PREFIX: &str = "amo1_";
/// The drawn part in base64url: 32 bytes.
const DRAWN_LEN: usize = 43;

/// An operator token as the service keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorTokenRecord {
    /// Its ID in lists and in the audit trail.
    pub id: OperatorTokenId,
    /// SHA-256 of its text: 32 drawn bytes need neither salt nor stretching.
    pub hash: [u8; 32],
    /// What its operator calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its time is over, if it is to be.
    pub expires_at: Option<Timestamp>,
    /// When it was last shown, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// An operator token is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperatorTokenRefused {
    /// Nothing came.
    #[error(
        "an operator token is required; send it as Authorization: Bearer (`authmint operator token create`)"
    )]
    Missing,
    /// No such token, or one that was revoked: a stranger learns no more.
    #[error("this operator token is not known here; make a new one with `authmint operator token create`")]
    Unknown,
    /// Its time is over.
    #[error("this operator token has expired; make a new one with `authmint operator token create`")]
    Expired,
}

impl OperatorTokenRefused {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Missing => ErrorCode::OperatorTokenMissing,
            Self::Unknown | Self::Expired => ErrorCode::OperatorTokenInvalid,
        }
    }
}

/// The text of a token from 32 drawn bytes.
#[must_use]
pub fn mint(drawn: &[u8; 32]) -> OperatorTokenText {
    OperatorTokenText::new(format!("{PREFIX}{}", BASE64URL.encode(drawn)))
}

/// The hash under which a text would be kept; none if it has not the form of a token at all.
#[must_use]
pub fn hash(text: &OperatorTokenText) -> Option<[u8; 32]> {
    let drawn = text.reveal().strip_prefix(PREFIX)?;
    let sound =
        drawn.len() == DRAWN_LEN && drawn.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    sound.then(|| sha256(text.reveal().as_bytes()))
}

impl OperatorTokenRecord {
    /// Whether it can be used at all.
    ///
    /// # Errors
    /// [`OperatorTokenRefused`] if it was revoked or its time is over.
    pub fn usable(&self, now: Timestamp) -> Result<(), OperatorTokenRefused> {
        match self.expires_at {
            _ if self.revoked_at.is_some() => Err(OperatorTokenRefused::Unknown),
            Some(end) if now >= end => Err(OperatorTokenRefused::Expired),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_minted_token_has_the_form_of_one_and_nothing_else_has() {
        let text = mint(&[7; 32]);
        assert!(text.reveal().starts_with("amo1_"));
        assert_eq!(hash(&text), Some(sha256(text.reveal().as_bytes())));
        for bad in ["", "amo1_", "amo2_x", &text.reveal()[1..], &format!("{}A", text.reveal()), "amo1_ä"] {
            assert_eq!(hash(&OperatorTokenText::new(bad.to_owned())), None, "{bad}");
        }
    }

    #[test]
    fn a_token_ends_by_revocation_or_in_time() {
        let at = Timestamp::from_unix_seconds(1000);
        let token = OperatorTokenRecord {
            id: OperatorTokenId::from_bytes([1; 16]),
            hash: [0; 32],
            name: "console".into(),
            created_at: at,
            expires_at: Some(at.after(Duration::from_secs(60))),
            last_used_at: None,
            revoked_at: None,
        };
        assert_eq!(token.usable(at.after(Duration::from_secs(59))), Ok(()));
        assert_eq!(token.usable(at.after(Duration::from_secs(60))), Err(OperatorTokenRefused::Expired));
        let revoked = OperatorTokenRecord { revoked_at: Some(at), ..token };
        assert_eq!(revoked.usable(at), Err(OperatorTokenRefused::Unknown));
    }
}
