//! The sign-in page's own session: whom the page recognises on this browser, so that one click continues.
//!
//! It opens nothing but the page's question whether to continue, lives twelve hours whatever happens, and is held against
//! the user's row whenever it is shown.

use super::{
    key_ring::{KeyRing, KeyUse},
    session::{EndReason, Session},
    user::{Proof, User},
};
use authmint_protocol::{
    id::{ProjectId, UserId},
    refresh_token::MAC_LEN,
    time::Timestamp,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a page session lives; nothing extends it.
pub const PAGE_SESSION_TTL: Duration = Duration::from_secs(12 * 3600);

/// The class bytes make the text begin with `amp1`.
const CLASS: [u8; 3] = [0x6a, 0x6a, 0x75];
const LEN: usize = 3 + 4 + 16 + 16 + 8 + MAC_LEN;

/// Whom a page recognises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSession {
    /// The project.
    pub project_id: ProjectId,
    /// The user.
    pub user_id: UserId,
    /// When the user proved who they are.
    pub proven_at: Timestamp,
}

impl PageSession {
    /// Writes it for a cookie.
    #[must_use]
    pub fn write(&self, ring: &KeyRing) -> Zeroizing<String> {
        let key_id = ring.active();
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend_from_slice(&CLASS);
        bytes.extend_from_slice(&key_id.to_be_bytes());
        bytes.extend_from_slice(self.project_id.as_bytes());
        bytes.extend_from_slice(self.user_id.as_bytes());
        bytes.extend_from_slice(&self.proven_at.unix_millis().to_be_bytes());
        let mac = ring.mac(KeyUse::PageSession, key_id, &bytes).expect("the active key is in the ring");
        bytes.extend_from_slice(&mac);
        Zeroizing::new(BASE64URL.encode(bytes))
    }

    /// Reads one that is genuine, of this project, and not over.
    #[must_use]
    pub fn read(ring: &KeyRing, project_id: ProjectId, text: &str, now: Timestamp) -> Option<Self> {
        let bytes: [u8; LEN] = BASE64URL.decode(text).ok()?.try_into().ok()?;
        let (message, tag) = bytes.split_at(LEN - MAC_LEN);
        let key_id = u32::from_be_bytes(message[3..7].try_into().ok()?);
        if message[..3] != CLASS || !ring.holds(KeyUse::PageSession, key_id, message, tag) {
            return None;
        }
        let session = Self {
            project_id: ProjectId::from_bytes(message[7..23].try_into().ok()?),
            user_id: UserId::from_bytes(message[23..39].try_into().ok()?),
            proven_at: Timestamp::from_unix_millis(i64::from_be_bytes(message[39..].try_into().ok()?)),
        };
        (session.project_id == project_id && now.since(session.proven_at) < PAGE_SESSION_TTL)
            .then_some(session)
    }

    /// What it still proves: the user as it was proven then, unless somebody has said since that it is over.
    ///
    /// `sessions` are the user's newest. One that an operator, the app or a found theft ended after the proof says so; a
    /// sign-out of some device does not.
    #[must_use]
    pub fn proof(&self, user: &User, sessions: &[Session], not_before: Option<Timestamp>) -> Option<Proof> {
        let by_others = |session: &Session| {
            session.ended.is_some_and(|ended| {
                ended.at >= self.proven_at && !matches!(ended.reason, EndReason::SignOut | EndReason::Restore)
            })
        };
        let over = user.may_sign_in().is_err()
            || sessions.iter().any(by_others)
            || user.sessions_ended_at.is_some_and(|at| self.proven_at <= at)
            || not_before.is_some_and(|at| self.proven_at < at);
        let email = user.email.clone().filter(|_| !over)?;
        Some(Proof {
            method: crate::method::email::METHOD.into(),
            subject: email.clone(),
            email: Some(email),
            amr: "otp".into(),
            at: self.proven_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_12_a_page_session_is_believed_for_its_project_and_its_time_alone() {
        let ring = KeyRing::single(1, &[7; 32]);
        let at = Timestamp::from_unix_seconds;
        let (project_id, other) = (ProjectId::from_bytes([1; 16]), ProjectId::from_bytes([3; 16]));
        let session =
            PageSession { project_id, user_id: UserId::from_bytes([2; 16]), proven_at: at(1_800_000_000) };
        let text = session.write(&ring);
        assert!(text.starts_with("amp1"), "{}", *text);
        let read = |ring: &KeyRing, project, text: &str, seconds: i64| {
            PageSession::read(ring, project, text, at(1_800_000_000 + seconds))
        };
        assert_eq!(read(&ring, project_id, &text, 12 * 3600 - 1), Some(session));
        assert_eq!(read(&ring, project_id, &text, 12 * 3600), None);
        assert_eq!(read(&ring, other, &text, 1), None);
        assert_eq!(read(&KeyRing::single(1, &[8; 32]), project_id, &text, 1), None);
        for broken in ["", "amp1", &text[1..], &format!("{}A", *text)] {
            assert_eq!(read(&ring, project_id, broken, 1), None);
        }
    }
}
