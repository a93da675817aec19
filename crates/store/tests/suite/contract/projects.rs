use crate::{
    backend::Backend,
    fixture::{PROJECT, api_key, at, project, seeded},
};
use authmint_domain::{
    model::{
        policy::Policy,
        project::{ApiKeyRecord, Callers, Project, Scope},
    },
    port::{Store as _, StoreError},
};
use authmint_protocol::id::{ApiKeyId, ProjectId};
use std::time::Duration;

pub(crate) async fn a_project_and_its_key_read_back(backend: &Backend) {
    let store = seeded(backend).await;
    let key = api_key([7; 32]);
    store.put_api_key(key.clone()).await.unwrap();
    assert_eq!(store.api_key([7; 32]).await.unwrap(), Some((key, project(PROJECT))));
    assert_eq!(store.api_key([8; 32]).await.unwrap(), None);
    store.ready().await.unwrap();
}

pub(crate) async fn a_repeat_replaces_what_may_change_and_a_revoked_key_stays_revoked(backend: &Backend) {
    let store = seeded(backend).await;
    store.put_api_key(api_key([7; 32])).await.unwrap();

    let policy = Policy { grace: Duration::from_secs(3), ..Policy::default() };
    let renamed = Project { name: "Renamed".into(), policy, ..project(PROJECT) };
    store.put_project(Project { created_at: at(99), ..renamed.clone() }).await.unwrap();
    let revoked = ApiKeyRecord {
        id: ApiKeyId::from_bytes([99; 16]),
        scopes: vec![Scope::UsersRead],
        callers: Callers::LoopbackOrigins,
        revoked_at: Some(at(5)),
        ..api_key([7; 32])
    };
    store.put_api_key(revoked.clone()).await.unwrap();
    store.put_api_key(ApiKeyRecord { revoked_at: None, ..revoked.clone() }).await.unwrap();

    let kept = ApiKeyRecord { id: api_key([7; 32]).id, ..revoked };
    assert_eq!(store.api_key([7; 32]).await.unwrap(), Some((kept, renamed)));
}

pub(crate) async fn a_key_of_an_unknown_project_is_not_taken(backend: &Backend) {
    let store = seeded(backend).await;
    let stray = ApiKeyRecord { project_id: ProjectId::from_bytes([9; 16]), ..api_key([7; 32]) };
    assert!(matches!(store.put_api_key(stray).await, Err(StoreError::Unavailable { .. })));
    assert_eq!(store.api_key([7; 32]).await.unwrap(), None);

    store.put_api_key(api_key([7; 32])).await.unwrap();
    let same_id = ApiKeyRecord { hash: [8; 32], ..api_key([7; 32]) };
    assert!(matches!(store.put_api_key(same_id).await, Err(StoreError::Conflict { .. })));
}
