//! Ed25519 in place: it is small enough to bring along, and not every host's WebCrypto knows it.

use authmint_protocol::{jwk::KeyMaterial, token::SignatureCheck};
use ed25519_dalek::{Signature, Verifier, VerifyingKey};

/// Whether a signature holds. Weak keys never come this far: a key set refuses them, as it does for every host.
pub(crate) fn check(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(key)
        .is_ok_and(|key| !key.is_weak() && key.verify(message, &Signature::from_bytes(signature)).is_ok())
}

/// The answer to a check, if it is of this algorithm.
pub(crate) fn answer(check_: &SignatureCheck) -> Option<bool> {
    let KeyMaterial::EdDsa(key) = check_.key.material() else { return None };
    let signature = <&[u8; 64]>::try_from(check_.signature.as_slice());
    Some(signature.is_ok_and(|signature| check(key, &check_.message, signature)))
}
