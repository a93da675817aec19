//! Minting API keys: signed by a key of the operator's, so that a typed key's project and environment can be believed.

use super::key_ring::{KeyRing, KeyUse};
use authmint_protocol::{
    api_key::{self, Environment, Usage},
    id::ProjectId,
    secret::ApiKeyText,
};
use aws_lc_rs::signature::Ed25519KeyPair;

/// Makes the text of an API key from 16 drawn bytes; it is shown once and kept as a hash.
#[must_use]
pub fn mint(
    ring: &KeyRing,
    usage: Usage,
    environment: Environment,
    project_id: ProjectId,
    nonce: [u8; 16],
) -> ApiKeyText {
    let signer = Ed25519KeyPair::from_seed_unchecked(ring.api_key_signer_seed())
        .expect("32 bytes are an Ed25519 seed");
    api_key::write(usage, environment, project_id, nonce, |message| {
        signer.sign(message).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    })
}

/// The nonce of a key that development mode shows again at every start instead of keeping its text.
#[must_use]
pub fn development_nonce(ring: &KeyRing, usage: Usage, project_id: ProjectId) -> [u8; 16] {
    let drawn = ring.mac_parts(KeyUse::ApiKeySigner, &[usage.as_str().as_bytes(), project_id.as_bytes()]);
    *drawn.first_chunk().expect("a MAC has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use authmint_protocol::api_key::ApiKey;

    #[test]
    fn a_minted_key_reads_back_and_is_not_taken_for_the_vendors() {
        let ring = KeyRing::single(1, &[7; 32]);
        let project_id = ProjectId::from_bytes([1; 16]);
        let text = mint(&ring, Usage::Server, Environment::Staging, project_id, [5; 16]);
        let key = ApiKey::parse(text.reveal()).unwrap();
        assert_eq!(
            (key.usage, key.environment, key.project_id),
            (Usage::Server, Environment::Staging, project_id)
        );
        assert!(!key.signed_by_crossmint(authmint_protocol::token::native::check_ed25519));
    }
}
