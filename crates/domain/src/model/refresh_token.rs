//! Refresh tokens and one-time secrets under their MACs: minted from a row, believed only if the MAC holds.

use super::key_ring::{KeyRing, KeyUse};
use authmint_protocol::{
    id::{OneTimeSecretId, ProjectId, SessionId},
    refresh_token::{OneTimeClaims, RefreshClaims, UnverifiedRefresh},
    secret::{OneTimeSecret, RefreshToken},
};

/// A text that came to `refresh` or `logout`, its MAC found to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GenuineRefresh {
    /// A refresh token.
    Token(RefreshClaims),
    /// A one-time secret.
    OneTime(OneTimeClaims),
}

/// The text was not made by this service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token of this service")]
pub struct Forged;

impl GenuineRefresh {
    /// Checks form and MAC; neither touches the database, so forged tokens cost a hash and no more.
    ///
    /// # Errors
    /// [`Forged`] if the form is wrong, the key is unknown, or the MAC does not hold.
    pub fn check(ring: &KeyRing, text: &RefreshToken) -> Result<Self, Forged> {
        match UnverifiedRefresh::parse(text.reveal()).map_err(|_| Forged)? {
            UnverifiedRefresh::Token(claims, mac)
                if ring.holds(KeyUse::RefreshToken, claims.key_id, mac.message(), mac.tag()) =>
            {
                Ok(Self::Token(claims))
            }
            UnverifiedRefresh::OneTime(claims, mac)
                if ring.holds(KeyUse::OneTimeSecret, claims.key_id, mac.message(), mac.tag()) =>
            {
                Ok(Self::OneTime(claims))
            }
            _ => Err(Forged),
        }
    }

    /// The project in which it was issued.
    #[must_use]
    pub const fn project_id(&self) -> ProjectId {
        match self {
            Self::Token(claims) => claims.project_id,
            Self::OneTime(claims) => claims.project_id,
        }
    }
}

/// Makes the token of one generation and branch; the same arguments always give the same bytes.
#[must_use]
pub fn mint_refresh_token(
    ring: &KeyRing,
    project_id: ProjectId,
    session_id: SessionId,
    generation: u32,
    branch: u32,
) -> RefreshToken {
    let key_id = ring.active();
    RefreshClaims { key_id, project_id, session_id, generation, branch }.write(|message| {
        ring.mac(KeyUse::RefreshToken, key_id, message).expect("the active key is in the ring")
    })
}

/// Makes the text of a stored one-time secret.
#[must_use]
pub fn mint_one_time_secret(
    ring: &KeyRing,
    project_id: ProjectId,
    secret_id: OneTimeSecretId,
) -> OneTimeSecret {
    let key_id = ring.active();
    OneTimeClaims { key_id, project_id, secret_id }.write(|message| {
        ring.mac(KeyUse::OneTimeSecret, key_id, message).expect("the active key is in the ring")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> (ProjectId, SessionId) {
        (ProjectId::from_bytes([1; 16]), SessionId::from_bytes([2; 16]))
    }

    #[test]
    fn the_same_row_mints_the_same_bytes_and_they_are_genuine() {
        let ring = KeyRing::single(1, &[7; 32]);
        let (project_id, session_id) = ids();
        let token = mint_refresh_token(&ring, project_id, session_id, 3, 2);
        assert!(token == mint_refresh_token(&ring, project_id, session_id, 3, 2));
        let claims = RefreshClaims { key_id: 1, project_id, session_id, generation: 3, branch: 2 };
        assert_eq!(GenuineRefresh::check(&ring, &token), Ok(GenuineRefresh::Token(claims)));
    }

    #[test]
    fn a_token_with_one_bit_changed_is_forged() {
        use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
        let ring = KeyRing::single(1, &[7; 32]);
        let (project_id, session_id) = ids();
        let bytes =
            BASE64URL.decode(mint_refresh_token(&ring, project_id, session_id, 3, 2).reveal()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let text = RefreshToken::new(BASE64URL.encode(changed));
            assert_eq!(GenuineRefresh::check(&ring, &text), Err(Forged), "bit {bit}");
        }
    }

    #[test]
    fn threat_12_a_one_time_secret_is_no_refresh_token_and_another_ring_makes_neither() {
        let ring = KeyRing::single(1, &[7; 32]);
        let (project_id, session_id) = ids();
        let secret =
            mint_one_time_secret(&ring, project_id, OneTimeSecretId::from_bytes(*session_id.as_bytes()));
        let text = RefreshToken::new(secret.reveal().into());
        assert!(matches!(GenuineRefresh::check(&ring, &text), Ok(GenuineRefresh::OneTime(_))));
        assert_eq!(GenuineRefresh::check(&KeyRing::single(1, &[8; 32]), &text), Err(Forged));
        assert_eq!(GenuineRefresh::check(&KeyRing::single(2, &[7; 32]), &text), Err(Forged));
    }
}
