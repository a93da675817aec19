use crate::{
    backend::Backend,
    fixture::{PROJECT, api_key, at, at_once, audited, events, project, seeded},
};
use authmint_domain::{
    model::{
        audit::{AuditEvent, AuditKind, Origin},
        policy::Policy,
        project::{ApiKeyRecord, Callers, Project, Scope},
    },
    port::{AdminDecision, Store as _, StoreError},
};
use authmint_protocol::id::{ApiKeyId, ProjectId};
use std::{sync::Arc, time::Duration};

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

fn line(kind: AuditKind, detail: &str) -> AuditEvent {
    AuditEvent::new(at(9), kind, Some(PROJECT), Origin::COMMAND_LINE).saying(detail.to_owned())
}

pub(crate) async fn projects_and_keys_are_listed_by_age(backend: &Backend) {
    let store = seeded(backend).await;
    let other = ProjectId::from_bytes([9; 16]);
    store.put_project(Project { created_at: at(5), ..project(other) }).await.unwrap();
    let older = Project { created_at: at(3), ..project(ProjectId::from_bytes([10; 16])) };
    store.put_project(older.clone()).await.unwrap();
    let listed = store.projects().await.unwrap();
    assert_eq!(listed.iter().map(|project| project.id).collect::<Vec<_>>(), [PROJECT, older.id, other]);
    assert_eq!(listed[1], older);
    assert_eq!(store.project(older.id).await.unwrap(), Some(older));
    assert_eq!(store.project(ProjectId::from_bytes([11; 16])).await.unwrap(), None);

    let (young, old) = (ApiKeyRecord { created_at: at(9), ..api_key([7; 32]) }, api_key([8; 32]));
    store.put_api_key(young.clone()).await.unwrap();
    store.put_api_key(old.clone()).await.unwrap();
    store.put_api_key(ApiKeyRecord { project_id: other, ..api_key([9; 32]) }).await.unwrap();
    assert_eq!(store.api_keys(PROJECT).await.unwrap(), [old, young]);
}

pub(crate) async fn changes_of_one_project_at_once_all_count_and_are_audited(backend: &Backend) {
    let store = seeded(backend).await;
    let change = |number: u32| {
        let store = Arc::clone(&store);
        async move {
            let decide = |found: Option<&Project>| {
                let found = found.expect("it is there");
                let put = Project { name: format!("{}.", found.name), ..found.clone() };
                AdminDecision::put(put, line(AuditKind::ProjectChanged, "name"), found.name.len())
            };
            let answer = store.decide_project(PROJECT, decide).await.unwrap();
            assert!(answer >= 4, "{number}");
        }
    };
    at_once(20, change).await;
    let name = store.project(PROJECT).await.unwrap().unwrap().name;
    assert_eq!(name, format!("Test{}", ".".repeat(20)));
    assert_eq!(audited(&store).await, [AuditKind::ProjectChanged; 20]);
    assert_eq!(events(&store, 1).await[0].event.detail, "name");
}

pub(crate) async fn a_key_is_decided_over_by_its_id_and_left_if_nothing_is_put(backend: &Backend) {
    let store = seeded(backend).await;
    let key = api_key([7; 32]);
    let (id, new) = (key.id, key.clone());
    let register = move |found: Option<&ApiKeyRecord>| {
        AdminDecision::put(new.clone(), line(AuditKind::ApiKeyMinted, "client"), found.cloned())
    };
    assert_eq!(store.decide_api_key(id, register).await.unwrap(), None);
    let look = |found: Option<&ApiKeyRecord>| AdminDecision::leave(found.cloned());
    assert_eq!(store.decide_api_key(id, look).await.unwrap(), Some(key.clone()));
    assert_eq!(store.decide_api_key(ApiKeyId::from_bytes([99; 16]), look).await.unwrap(), None);

    let revoked = ApiKeyRecord { revoked_at: Some(at(5)), ..key };
    let put = revoked.clone();
    let revoke = move |_: Option<&ApiKeyRecord>| {
        AdminDecision::put(put.clone(), line(AuditKind::ApiKeyRevoked, "client"), ())
    };
    store.decide_api_key(id, revoke).await.unwrap();
    assert_eq!(store.api_keys(PROJECT).await.unwrap(), [revoked]);
    assert_eq!(audited(&store).await, [AuditKind::ApiKeyMinted, AuditKind::ApiKeyRevoked]);
}
