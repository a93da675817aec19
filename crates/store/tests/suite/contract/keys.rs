use crate::{
    backend::Backend,
    fixture::{at, seeded},
};
use authmint_domain::{
    model::signing_key::SigningKey,
    port::{Store as _, StoreError},
};
use authmint_protocol::{jwk::PublicKey, token::algorithm::Algorithm};
use std::sync::Arc;

/// The base point of Ed25519 (RFC 8032, section 5.1), and its negative: two sound keys.
fn signing_key(negative: bool, created: u64) -> SigningKey {
    let mut point = [0x66; 32];
    point[0] = 0x58;
    point[31] |= u8::from(negative) << 7;
    let public = PublicKey::ed25519(point).unwrap();
    let kid = public.thumbprint();
    SigningKey {
        algorithm: Algorithm::EdDsa,
        public: Arc::new(public.with_kid(kid.clone())),
        sealed: vec![u8::from(negative); 100],
        created_at: at(created),
        kid,
    }
}

pub(crate) async fn signing_keys_read_back_newest_first_and_are_added_once(backend: &Backend) {
    let store = seeded(backend).await;
    let (old, new) = (signing_key(false, 1), signing_key(true, 2));
    store.add_signing_key(old.clone()).await.unwrap();
    store.add_signing_key(new.clone()).await.unwrap();
    let again = store.add_signing_key(old.clone()).await;
    assert_eq!(again, Err(StoreError::Conflict { what: "a signing key of this kid" }));

    let read = store.signing_keys().await.unwrap();
    assert_eq!(read.len(), 2);
    for (read, written) in read.iter().zip([new, old]) {
        assert_eq!(
            (&read.kid, read.algorithm, &read.sealed),
            (&written.kid, written.algorithm, &written.sealed)
        );
        assert_eq!(read.created_at, written.created_at);
        assert_eq!(read.public.to_jwk(), written.public.to_jwk());
    }
}

pub(crate) async fn ring_marks_are_added_once(backend: &Backend) {
    let store = seeded(backend).await;
    store.add_ring_mark(2, [2; 32]).await.unwrap();
    store.add_ring_mark(u32::MAX, [3; 32]).await.unwrap();
    let other = store.add_ring_mark(2, [9; 32]).await;
    assert_eq!(other, Err(StoreError::Conflict { what: "a mark of this key" }));
    assert_eq!(store.ring_marks().await.unwrap(), [(2, [2; 32]), (u32::MAX, [3; 32])]);
}
