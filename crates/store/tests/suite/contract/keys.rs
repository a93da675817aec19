use crate::{
    backend::Backend,
    fixture::{PROJECT, at, at_once, open_session, project, seeded},
};
use authmint_domain::{
    flow::start::{StartError, know_ring},
    model::{
        audit::Origin,
        key_ring::KeyRing,
        policy::Policy,
        project::Project,
        revocation::Revoked,
        signing_key::{KeyState, KeyStep, SigningKey},
    },
    port::{Store as _, StoreError},
};
use authmint_protocol::{id::ProjectId, jwk::PublicKey, token::algorithm::Algorithm};
use authmint_store::Store;
use std::sync::Arc;

/// The base point of Ed25519 (RFC 8032, section 5.1), and its negative: two sound keys.
fn signing_key(negative: bool, created: u64) -> SigningKey {
    let mut point = [0x66; 32];
    point[0] = 0x58;
    point[31] |= u8::from(negative) << 7;
    let public = PublicKey::ed25519(point).unwrap();
    let kid = public.thumbprint();
    SigningKey {
        public: Arc::new(public.with_kid(kid.clone())),
        created_at: at(created),
        kid,
        state: KeyState::Next { sealed: vec![u8::from(negative); 100] },
    }
}

async fn take(store: &Store, steps: Vec<KeyStep>) -> Result<(), StoreError> {
    store.decide_signing_keys(at(0), Origin::SERVICE, move |_| (steps.clone(), ())).await
}

async fn states(store: &Store) -> Vec<(String, KeyState)> {
    let read = store.signing_keys().await.unwrap();
    read.keys.into_iter().map(|key| (key.kid, key.state)).collect()
}

pub(crate) async fn signing_keys_read_back_newest_first_in_every_state(backend: &Backend) {
    let store = seeded(backend).await;
    let (old, new) = (signing_key(false, 1), signing_key(true, 2));
    let active = old.clone().activate(at(3)).unwrap();
    take(&store, vec![KeyStep::Add(active.clone()), KeyStep::Add(new.clone())]).await.unwrap();
    let read = store.signing_keys().await.unwrap().keys;
    assert_eq!(read.len(), 2);
    for (read, written) in read.iter().zip([&new, &active]) {
        assert_eq!((&read.kid, &read.state), (&written.kid, &written.state));
        assert_eq!((read.created_at, read.public.to_jwk()), (written.created_at, written.public.to_jwk()));
    }
    let retired = active.clone().retire(at(4)).unwrap();
    let revoked = new.clone().revoke(at(5)).unwrap();
    let steps = [("active", retired.clone()), ("next", revoked.clone())];
    take(&store, steps.map(|(from, to)| KeyStep::Move { from, to }).to_vec()).await.unwrap();
    let expected = [revoked, retired].map(|key| (key.kid, key.state));
    assert_eq!(states(&store).await, expected);
    take(&store, vec![KeyStep::Forget { kid: old.kid }]).await.unwrap();
    assert_eq!(states(&store).await, expected[..1]);
}

pub(crate) async fn a_revoked_key_is_on_the_feed_of_every_project_and_a_retired_one_is_not(
    backend: &Backend,
) {
    let store = seeded(backend).await;
    let (one, two) = (signing_key(false, 1), signing_key(true, 2));
    let active = one.clone().activate(at(3)).unwrap();
    take(&store, vec![KeyStep::Add(active.clone()), KeyStep::Add(two.clone())]).await.unwrap();
    let retired = KeyStep::Move { from: "active", to: active.retire(at(4)).unwrap() };
    take(&store, vec![retired]).await.unwrap();
    let told = async |project| store.revocations(project, None, 9, at(10)).await.unwrap().entries;
    assert_eq!(told(PROJECT).await, []);
    let revoked = KeyStep::Move { from: "next", to: two.clone().revoke(at(5)).unwrap() };
    take(&store, vec![revoked]).await.unwrap();
    for project in [PROJECT, ProjectId::from_bytes([9; 16])] {
        let entries = told(project).await;
        assert_eq!(entries.len(), 1);
        assert_eq!((&entries[0].what, entries[0].ended_at), (&Revoked::Key(two.kid.clone()), at(5)));
    }
}

pub(crate) async fn steps_of_signing_keys_are_taken_together_or_not_at_all(backend: &Backend) {
    let store = seeded(backend).await;
    let (one, two) = (signing_key(false, 1), signing_key(true, 2));
    take(&store, vec![KeyStep::Add(one.clone())]).await.unwrap();
    let before = states(&store).await;
    let stale = KeyStep::Move { from: "active", to: one.clone().revoke(at(3)).unwrap() };
    let again = KeyStep::Add(one.clone());
    let second_next = KeyStep::Add(two.clone());
    let unknown = KeyStep::Forget { kid: two.kid.clone() };
    for refused in [stale, again, second_next, unknown] {
        let revoke = KeyStep::Move { from: "next", to: one.clone().revoke(at(3)).unwrap() };
        let steps = if matches!(refused, KeyStep::Add(ref key) if key.kid == two.kid) {
            vec![refused]
        } else {
            vec![revoke, refused]
        };
        assert!(take(&store, steps).await.is_err());
        assert_eq!(states(&store).await, before);
    }
}

pub(crate) async fn the_mark_moves_with_keys_and_algorithms_and_with_nothing_else(backend: &Backend) {
    let store = seeded(backend).await;
    let project = |name: &str, signing_algorithm| Project {
        name: name.to_owned(),
        policy: Policy { signing_algorithm, ..Policy::default() },
        ..project(ProjectId::from_bytes([2; 16]))
    };
    let mut last = store.signing_mark().await.unwrap();
    let mut moved = async || {
        let mark = store.signing_mark().await.unwrap();
        std::mem::replace(&mut last, mark) != mark
    };
    let key = signing_key(false, 1);
    take(&store, vec![KeyStep::Add(key.clone())]).await.unwrap();
    assert!(moved().await);
    take(&store, vec![KeyStep::Move { from: "next", to: key.clone().activate(at(2)).unwrap() }])
        .await
        .unwrap();
    assert!(moved().await);
    take(&store, vec![KeyStep::Forget { kid: key.kid }]).await.unwrap();
    assert!(moved().await);
    store.put_project(project("a", Algorithm::EdDsa)).await.unwrap();
    assert!(moved().await);
    assert_eq!(store.signing_keys().await.unwrap().wanted, [Algorithm::Es256, Algorithm::EdDsa]);
    store.put_project(project("a", Algorithm::Rs256)).await.unwrap();
    assert!(moved().await);
    assert_eq!(store.signing_keys().await.unwrap().wanted, [Algorithm::Es256, Algorithm::Rs256]);
    store.put_project(project("b", Algorithm::Rs256)).await.unwrap();
    open_session(&store, 1).await;
    take(&store, vec![]).await.unwrap();
    assert!(!moved().await);
}

pub(crate) async fn ring_marks_are_added_once(backend: &Backend) {
    let store = seeded(backend).await;
    store.add_ring_mark(2, [2; 32]).await.unwrap();
    store.add_ring_mark(u32::MAX, [3; 32]).await.unwrap();
    let other = store.add_ring_mark(2, [9; 32]).await;
    assert_eq!(other, Err(StoreError::Conflict { what: "a mark of this key" }));
    assert_eq!(store.ring_marks().await.unwrap(), [(2, [2; 32]), (u32::MAX, [3; 32])]);
}

pub(crate) async fn of_two_key_rings_that_begin_at_once_one_is_the_databases(backend: &Backend) {
    let store = Arc::new(backend.open().await);
    let beginning = at_once(16, |number| {
        let (store, byte) = (Arc::clone(&store), if number % 2 == 0 { "11" } else { "22" });
        let ring: KeyRing = format!("1:{}", byte.repeat(32)).parse().unwrap();
        async move { (number % 2, know_ring(&*store, &ring).await) }
    });
    let begun = beginning.await;
    let of = |ring: u32| begun.iter().filter(move |(of, _)| *of == ring);
    let taken = of(0).all(|(_, held)| held.is_ok());
    assert!(
        of(u32::from(!taken)).all(|(_, held)| held.is_ok()),
        "all who bring the same ring begin: {begun:?}"
    );
    let refused = |held: &Result<(), StartError>| matches!(held, Err(StartError::ForeignKeyRing));
    assert!(of(u32::from(taken)).all(|(_, held)| refused(held)), "and nobody with another: {begun:?}");
    assert_eq!(store.ring_marks().await.unwrap().len(), 1);
}
