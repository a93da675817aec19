//! The service's own secret keys, from which every MAC and seal is derived.
//!
//! The key ring is given from outside (environment or file) and never stored in the database: a leaked database mints
//! nothing. Each class of token has its own key, derived by HKDF (RFC 5869) under a label that names class and
//! version, so that a MAC of one class never passes for another.

use authmint_protocol::refresh_token::MAC_LEN;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest, hkdf, hmac,
};
use std::{collections::BTreeMap, str::FromStr};
use zeroize::Zeroizing;

/// What a derived key is for; its label is part of the derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// MAC of refresh tokens.
    RefreshToken,
    /// MAC of one-time secrets.
    OneTimeSecret,
    /// MAC that makes an `emailId` of a project and an address.
    EmailId,
    /// MAC of a stored email code.
    EmailCode,
    /// Seed of the key that signs API keys, where an operator brings none.
    ApiKeySigner,
    /// MAC of authorization codes.
    AuthorizationCode,
    /// MAC of the sign-in page's own session.
    PageSession,
    /// MAC by which a form of the sign-in page proves that the page made it.
    PageForm,
    /// Proof that a database was written under this ring.
    RingMark,
}

impl KeyUse {
    const ALL: [Self; 9] = [
        Self::RefreshToken,
        Self::OneTimeSecret,
        Self::EmailId,
        Self::EmailCode,
        Self::ApiKeySigner,
        Self::AuthorizationCode,
        Self::PageSession,
        Self::PageForm,
        Self::RingMark,
    ];

    const fn label(self) -> &'static [u8] {
        match self {
            Self::RefreshToken => b"authmint refresh-token v1",
            Self::OneTimeSecret => b"authmint one-time-secret v1",
            Self::EmailId => b"authmint email-id v1",
            Self::EmailCode => b"authmint email-code v1",
            Self::ApiKeySigner => b"authmint api-key-signer v1",
            Self::AuthorizationCode => b"authmint authorization-code v1",
            Self::PageSession => b"authmint page-session v1",
            Self::PageForm => b"authmint page-form v1",
            Self::RingMark => b"authmint ring-mark v1",
        }
    }
}

/// What a derived key seals; its label is part of the derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SealUse {
    /// Stored signing keys.
    SigningKey,
    /// What the sign-in page shows, in its address.
    PageStep,
}

impl SealUse {
    const ALL: [Self; 2] = [Self::SigningKey, Self::PageStep];

    const fn label(self) -> &'static [u8] {
        match self {
            Self::SigningKey => b"authmint signing-key-seal v1",
            Self::PageStep => b"authmint page-step v1",
        }
    }
}

/// The text is not a key ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// No key stands in it.
    #[error("the key ring is empty; `authmint key-ring new` prints one")]
    Empty,
    /// A line is not `id:secret`.
    #[error("line {line} of the key ring is not `id:secret` with a number and 64 hexadecimal digits")]
    Malformed {
        /// The line's number, the first being 1.
        line: usize,
    },
    /// Two lines carry the same ID.
    #[error("key {id} stands twice in the key ring")]
    Repeated {
        /// The ID.
        id: u32,
    },
}

/// Secret keys by ID; the first one listed makes new tokens, the others still check old ones.
pub struct KeyRing {
    active: u32,
    keys: BTreeMap<u32, Derived>,
}

/// The keys derived from one secret, made once: a refresh pays for a MAC, not for a derivation.
struct Derived {
    macs: [hmac::Key; KeyUse::ALL.len()],
    seals: [LessSafeKey; SealUse::ALL.len()],
    signer_seed: Zeroizing<[u8; 32]>,
}

impl Derived {
    fn from_secret(secret: &[u8; 32]) -> Self {
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"authmint key ring").extract(secret);
        let expand = |label: &[u8]| {
            let mut out = Zeroizing::new([0_u8; 32]);
            extracted
                .expand(&[label], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut out[..]))
                .expect("32 bytes are within what HKDF-SHA-256 yields");
            out
        };
        let seal = |usage: SealUse| {
            let key = UnboundKey::new(&AES_256_GCM, &expand(usage.label())[..]);
            LessSafeKey::new(key.expect("32 bytes are an AES-256 key"))
        };
        Self {
            macs: KeyUse::ALL.map(|usage| hmac::Key::new(hmac::HMAC_SHA256, &expand(usage.label())[..])),
            seals: SealUse::ALL.map(seal),
            signer_seed: expand(KeyUse::ApiKeySigner.label()),
        }
    }
}

impl KeyRing {
    /// Makes a ring of one key from 32 drawn bytes.
    #[must_use]
    pub fn single(id: u32, secret: &[u8; 32]) -> Self {
        Self { active: id, keys: BTreeMap::from([(id, Derived::from_secret(secret))]) }
    }

    /// Writes the text form of a ring of one key: what [`FromStr`] reads.
    #[must_use]
    pub fn text(id: u32, secret: &[u8; 32]) -> Zeroizing<String> {
        use std::fmt::Write as _;
        let mut text = Zeroizing::new(format!("{id}:"));
        for byte in secret {
            write!(text, "{byte:02x}").expect("writing to a string does not fail");
        }
        text
    }

    /// The key that makes new tokens.
    #[must_use]
    pub const fn active(&self) -> u32 {
        self.active
    }

    /// The MAC of `message` by key `id`; `None` if the ring has no such key.
    #[must_use]
    pub fn mac(&self, usage: KeyUse, id: u32, message: &[u8]) -> Option<[u8; MAC_LEN]> {
        let tag = hmac::sign(self.mac_key(usage, id)?, message);
        tag.as_ref().try_into().ok()
    }

    /// The MAC of `message` by the active key, over several parts that are each preceded by their length.
    #[must_use]
    pub fn mac_parts(&self, usage: KeyUse, parts: &[&[u8]]) -> [u8; MAC_LEN] {
        let mut message = Vec::new();
        for part in parts {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        self.mac(usage, self.active, &message).expect("the active key is in the ring")
    }

    /// Whether `tag` is the MAC of `message` by key `id`, compared in constant time.
    #[must_use]
    pub fn holds(&self, usage: KeyUse, id: u32, message: &[u8], tag: &[u8]) -> bool {
        self.mac_key(usage, id).is_some_and(|key| hmac::verify(key, message, tag).is_ok())
    }

    /// Seals what others keep for us under the active key; `nonce` must be drawn anew for each call.
    ///
    /// `context` is bound to it: a sealed row moved to another place does not open.
    #[must_use]
    pub fn seal(&self, usage: SealUse, nonce: [u8; 12], context: &[u8], secret: &[u8]) -> Vec<u8> {
        let mut out = self.active.to_be_bytes().to_vec();
        out.extend_from_slice(&nonce);
        let mut body = Zeroizing::new(secret.to_vec());
        let tag = self.keys[&self.active].seals[usage as usize]
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
            .expect("a few hundred bytes are within what AES-GCM seals");
        out.extend_from_slice(&body);
        out.extend_from_slice(tag.as_ref());
        out
    }

    /// Opens what [`seal`](Self::seal) made; `None` if it was made under another ring or tampered with.
    #[must_use]
    pub fn open(&self, usage: SealUse, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (id, rest) = sealed.split_first_chunk::<4>()?;
        let (nonce, body) = rest.split_first_chunk::<12>()?;
        let mut body = Zeroizing::new(body.to_vec());
        let key = &self.keys.get(&u32::from_be_bytes(*id))?.seals[usage as usize];
        let len = key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut body)
            .ok()?
            .len();
        body.truncate(len);
        Some(body)
    }

    /// The Ed25519 seed of the key that signs API keys minted under the active key.
    #[must_use]
    pub fn api_key_signer_seed(&self) -> &[u8; 32] {
        &self.keys[&self.active].signer_seed
    }

    /// What a database keeps of key `id` to know its ring again; it tells nothing of the key.
    #[must_use]
    pub fn mark(&self, id: u32) -> Option<[u8; MAC_LEN]> {
        self.mac(KeyUse::RingMark, id, b"")
    }

    /// The IDs of all keys, the active one first.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.active).chain(self.keys.keys().copied().filter(|id| *id != self.active))
    }

    fn mac_key(&self, usage: KeyUse, id: u32) -> Option<&hmac::Key> {
        let slot = KeyUse::ALL.iter().position(|candidate| *candidate == usage)?;
        Some(&self.keys.get(&id)?.macs[slot])
    }
}

impl FromStr for KeyRing {
    type Err = KeyRingError;

    /// Reads one `id:secret` a line, the active key first; blank lines and lines that begin with `#` are passed over.
    fn from_str(text: &str) -> Result<Self, KeyRingError> {
        let mut active = None;
        let mut keys = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let malformed = KeyRingError::Malformed { line: index + 1 };
            let (id, secret) = line.split_once(':').ok_or_else(|| malformed.clone())?;
            let id: u32 = id.parse().map_err(|_| malformed.clone())?;
            let secret = unhex(secret).ok_or(malformed)?;
            if keys.insert(id, Derived::from_secret(&secret)).is_some() {
                return Err(KeyRingError::Repeated { id });
            }
            active.get_or_insert(id);
        }
        Ok(Self { active: active.ok_or(KeyRingError::Empty)?, keys })
    }
}

fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut out = Zeroizing::new([0_u8; 32]);
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

/// The SHA-256 of a text, for looking up what is kept only as a hash.
#[must_use]
pub fn sha256(text: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, text).as_ref().try_into().expect("SHA-256 yields 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_reads_back_and_its_first_key_is_active() {
        let text =
            format!("# comment\n{}\n\n{}\n", &*KeyRing::text(9, &[1; 32]), &*KeyRing::text(2, &[2; 32]));
        let ring: KeyRing = text.parse().unwrap();
        assert_eq!(ring.ids().collect::<Vec<_>>(), [9, 2]);
        assert_eq!(ring.mark(9), KeyRing::single(9, &[1; 32]).mark(9));
    }

    #[test]
    fn a_broken_ring_is_refused_with_its_line() {
        assert_eq!("".parse::<KeyRing>().err(), Some(KeyRingError::Empty));
        for bad in ["1", "x:00", "1:00", &format!("1:{}", "zz".repeat(32)), "-1:00"] {
            assert_eq!(bad.parse::<KeyRing>().err(), Some(KeyRingError::Malformed { line: 1 }), "{bad}");
        }
        let twice = format!("{0}\n{0}", &*KeyRing::text(1, &[1; 32]));
        assert_eq!(twice.parse::<KeyRing>().err(), Some(KeyRingError::Repeated { id: 1 }));
    }

    #[test]
    fn threat_12_a_mac_of_one_class_never_passes_for_another() {
        let ring = KeyRing::single(1, &[7; 32]);
        let tag = ring.mac(KeyUse::RefreshToken, 1, b"message").unwrap();
        assert!(ring.holds(KeyUse::RefreshToken, 1, b"message", &tag));
        assert!(!ring.holds(KeyUse::OneTimeSecret, 1, b"message", &tag));
        assert!(!ring.holds(KeyUse::RefreshToken, 2, b"message", &tag));
        assert!(!ring.holds(KeyUse::RefreshToken, 1, b"messagf", &tag));
    }

    #[test]
    fn a_sealed_secret_opens_only_whole_in_its_place_and_under_its_ring() {
        let ring = KeyRing::single(1, &[7; 32]);
        let usage = SealUse::SigningKey;
        let sealed = ring.seal(usage, [3; 12], b"kid", b"private");
        assert_eq!(ring.open(usage, b"kid", &sealed).as_deref().map(Vec::as_slice), Some(&b"private"[..]));
        assert!(ring.open(usage, b"other", &sealed).is_none());
        assert!(ring.open(SealUse::PageStep, b"kid", &sealed).is_none());
        assert!(KeyRing::single(1, &[8; 32]).open(usage, b"kid", &sealed).is_none());
        assert!((0..sealed.len()).all(|cut| ring.open(usage, b"kid", &sealed[..cut]).is_none()));
    }
}
