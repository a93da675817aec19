//! Who holds private signing keys while the service runs.

use authmint_domain::{
    model::signing_key::GeneratedKey,
    port::{ActiveKey, SignError, Signer},
};
use authmint_protocol::{
    jwk::{JwkError, KeySet, PublicKey},
    token::algorithm::Algorithm,
};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    },
};
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// Signs with aws-lc-rs.
#[derive(Default)]
pub struct ServiceSigner {
    /// Replaced as a whole when keys change; a signature holds the lock only to copy a pointer.
    installed: RwLock<Arc<Installed>>,
}

#[derive(Default)]
struct Installed {
    mark: u64,
    key_set: KeySet,
    /// At most one of each algorithm.
    active: Vec<KeyPair>,
}

/// A key that signs; a copy is the same key.
#[derive(Clone)]
pub struct KeyPair {
    public: Arc<PublicKey>,
    private: Arc<PrivateKey>,
}

impl ActiveKey for KeyPair {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.private.sign(message)
    }
}

enum PrivateKey {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(rsa::KeyPair),
}

impl PrivateKey {
    fn read(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, SignError> {
        let read = match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Self::Es256)
            }
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Self::EdDsa),
            Algorithm::Rs256 => rsa::KeyPair::from_pkcs8(pkcs8).map(Self::Rs256),
        };
        read.map_err(|_| SignError)
    }

    fn public(&self) -> Result<PublicKey, SignError> {
        let read: Result<PublicKey, JwkError> = match self {
            Self::Es256(pair) => {
                PublicKey::es256(pair.public_key().as_ref().try_into().map_err(|_| SignError)?)
            }
            Self::EdDsa(pair) => {
                PublicKey::ed25519(pair.public_key().as_ref().try_into().map_err(|_| SignError)?)
            }
            Self::Rs256(pair) => {
                let public = pair.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                PublicKey::rs256(
                    n.big_endian_without_leading_zero().to_vec(),
                    e.big_endian_without_leading_zero().to_vec(),
                )
            }
        };
        read.map_err(|_| SignError)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SignError),
            Self::EdDsa(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| SignError)?;
                Ok(signature)
            }
        }
    }
}

impl ServiceSigner {
    fn installed(&self) -> Arc<Installed> {
        Arc::clone(&self.installed.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Signer for ServiceSigner {
    fn generate(&self, algorithm: Algorithm) -> Result<GeneratedKey, SignError> {
        let random = SystemRandom::new();
        let document = match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| SignError)
            }
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| SignError),
            Algorithm::Rs256 => return generate_rs256(),
        }?;
        let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
        let public = PrivateKey::read(algorithm, &pkcs8)?.public()?;
        Ok(GeneratedKey { public, pkcs8 })
    }

    type Active = KeyPair;

    fn install(
        &self,
        mark: u64,
        keys: Vec<Arc<PublicKey>>,
        active: Vec<(Arc<PublicKey>, Zeroizing<Vec<u8>>)>,
    ) -> Result<(), SignError> {
        let mut pairs = Vec::new();
        for (public, pkcs8) in active {
            let private = PrivateKey::read(public.algorithm(), &pkcs8)?;
            if private.public()?.material() != public.material() {
                return Err(SignError);
            }
            pairs.push(KeyPair { public, private: Arc::new(private) });
        }
        let key_set = KeySet::new(keys.iter().map(|key| PublicKey::clone(key)).collect());
        let mut installed = self.installed.write().unwrap_or_else(PoisonError::into_inner);
        if mark >= installed.mark {
            *installed = Arc::new(Installed { mark, key_set, active: pairs });
        }
        Ok(())
    }

    fn active(&self, algorithm: Algorithm) -> Option<KeyPair> {
        self.installed().active.iter().find(|key| key.public.algorithm() == algorithm).cloned()
    }

    fn key_set(&self) -> KeySet {
        self.installed().key_set.clone()
    }
}

fn generate_rs256() -> Result<GeneratedKey, SignError> {
    let pair = rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_| SignError)?;
    let document = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| SignError)?;
    let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
    Ok(GeneratedKey { public: PrivateKey::Rs256(pair).public()?, pkcs8 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use authmint_protocol::token::native::{Scheme, key_bytes};

    fn scheme(algorithm: Algorithm) -> Scheme {
        Scheme::from_name(algorithm.as_str()).unwrap()
    }

    #[test]
    fn what_it_generates_it_signs_with_for_every_algorithm() {
        for algorithm in Algorithm::ALL {
            let signer = ServiceSigner::default();
            let generated = signer.generate(algorithm).unwrap();
            let public = Arc::new(generated.public.clone().with_kid("k1"));
            assert!(signer.active(algorithm).is_none());
            signer
                .install(1, vec![Arc::clone(&public)], vec![(Arc::clone(&public), generated.pkcs8)])
                .unwrap();
            let active = signer.active(algorithm).unwrap();
            let signature = active.sign(b"message").unwrap();
            assert_eq!(signature.len(), public.signature_len());
            let key = key_bytes(public.material());
            assert!(scheme(algorithm).check(&key, b"message", &signature), "{algorithm}");
            assert!(!scheme(algorithm).check(&key, b"massage", &signature), "{algorithm}");
            assert_eq!(signer.key_set().keys().len(), 1);
            assert_eq!(active.public().kid(), Some("k1"));
            signer.install(0, vec![], vec![]).unwrap();
            assert!(signer.active(algorithm).is_some(), "an older reading came too late");
            signer.install(2, vec![], vec![]).unwrap();
            assert!(signer.active(algorithm).is_none());
            assert_eq!(active.public().kid(), Some("k1"), "who signs just now does so with one whole key");
        }
    }

    #[test]
    fn a_private_half_of_another_key_is_refused_and_changes_nothing() {
        let signer = ServiceSigner::default();
        let ours = signer.generate(Algorithm::Es256).unwrap();
        let other = signer.generate(Algorithm::Es256).unwrap();
        let public = Arc::new(ours.public);
        signer.install(1, vec![Arc::clone(&public)], vec![(Arc::clone(&public), ours.pkcs8)]).unwrap();
        let broken = Zeroizing::new(b"no key".to_vec());
        for pkcs8 in [other.pkcs8, broken] {
            assert_eq!(signer.install(2, vec![], vec![(Arc::clone(&public), pkcs8)]), Err(SignError));
        }
        assert_eq!(signer.key_set().keys().len(), 1);
        assert!(signer.active(Algorithm::Es256).is_some());
    }
}
