//! Rows as the flows make them.

use crate::backend::Backend;
use authmint_domain::{
    model::{
        audit::{Actor, AuditKind, EventFilter, Origin, RecordedEvent},
        challenge::ClientPrefix,
        one_time_secret::{ExchangeDecision, NewSession},
        policy::Policy,
        project::{ApiKeyRecord, Callers, Project, Scope},
        rotation::Presented,
        session::{Device, RefreshRefused, RefreshReply, Session},
        user::{Proof, User},
    },
    port::{Admission, Admitted, Store as _, StoreError},
};
use authmint_protocol::{
    api_key::{Environment, Usage},
    id::{ApiKeyId, OneTimeSecretId, ProjectId, SessionId, UserId},
    time::Timestamp,
};
use authmint_store::Store;
use std::{sync::Arc, time::Duration};

pub(crate) const PROJECT: ProjectId = ProjectId::from_bytes([1; 16]);

/// Seconds after an arbitrary moment.
pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_795_000_000).after(Duration::from_secs(seconds))
}

pub(crate) fn bytes(number: u32) -> [u8; 16] {
    // Spread like drawn IDs are.
    (u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).to_be_bytes()
}

pub(crate) fn project(id: ProjectId) -> Project {
    Project {
        id,
        name: "Test".to_owned(),
        environment: Environment::Staging,
        policy: Policy::default(),
        not_before: None,
        created_at: at(0),
    }
}

pub(crate) fn api_key(hash: [u8; 32]) -> ApiKeyRecord {
    ApiKeyRecord {
        id: ApiKeyId::from_bytes([hash[0]; 16]),
        hash,
        project_id: PROJECT,
        usage: Usage::Client,
        scopes: vec![Scope::UsersCreate],
        callers: Callers::Origins(vec!["https://app.example".to_owned()]),
        created_at: at(1),
        last_used_at: None,
        revoked_at: None,
    }
}

/// A store with one project in it.
pub(crate) async fn seeded(backend: &Backend) -> Arc<Store> {
    let store = backend.open().await;
    store.put_project(project(PROJECT)).await.unwrap();
    Arc::new(store)
}

/// A person somewhere.
pub(crate) fn origin() -> Origin {
    Origin { by: Actor::User, from: Some(ClientPrefix::of([192, 0, 2, 7].into())) }
}

/// A finished sign-in by email; `number` names user and secret if they are new.
pub(crate) fn admission(subject: &str, number: u32, now: Timestamp) -> Admission {
    Admission {
        project_id: PROJECT,
        proof: Proof {
            method: "email".into(),
            subject: subject.to_owned(),
            email: Some(subject.to_owned()),
            amr: "otp".into(),
            at: now,
        },
        create: Some(UserId::from_bytes(bytes(number))),
        secret_id: OneTimeSecretId::from_bytes(bytes(number)),
        secret_expires_at: now.after(Policy::default().one_time_secret_ttl),
        at: now,
        origin: origin(),
    }
}

pub(crate) async fn exchange(
    store: &Store,
    secret: u32,
    session: u32,
    now: Timestamp,
) -> Result<Option<ExchangeDecision>, StoreError> {
    let device = Device { user_agent: Some("Browser/1".to_owned()), client: None };
    let new = NewSession { id: SessionId::from_bytes(bytes(session)), device, from: origin().from };
    let decide = move |record: &authmint_domain::model::one_time_secret::OneTimeSecretRecord,
                       opened: Option<&Session>| {
        record.exchange(opened, new.clone(), &Policy::default(), now)
    };
    store.exchange(OneTimeSecretId::from_bytes(bytes(secret)), now, origin(), decide).await
}

/// Signs a user in: user, secret and session are all of this number.
pub(crate) async fn open_session(store: &Store, number: u32) -> Session {
    let subject = format!("user{number}@example.com");
    admit(store, admission(&subject, number, at(0))).await.expect("the user is let in");
    match exchange(store, number, number, at(0)).await.unwrap() {
        Some(ExchangeDecision::Open(session)) => *session,
        other => panic!("no session was opened: {other:?}"),
    }
}

pub(crate) async fn refresh(
    store: &Store,
    id: SessionId,
    token: (u32, u32),
    now: Timestamp,
) -> Result<Result<RefreshReply, RefreshRefused>, StoreError> {
    let presented = Presented { generation: token.0, branch: token.1 };
    store
        .decide_session(id, move |session| {
            session.expect("the session is there").refresh(presented, &Policy::default(), now)
        })
        .await
}

pub(crate) async fn sign_out(store: &Store, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    store
        .decide_session(id, move |session: Option<&Session>| {
            session.expect("the session is there").sign_out(now)
        })
        .await
}

/// Lets an identity in, if it may be.
pub(crate) async fn admit(store: &Store, admission: Admission) -> Option<User> {
    match store.admit(admission).await.unwrap() {
        Admitted::In(user) => Some(user),
        Admitted::Unknown | Admitted::Disabled(_) => None,
    }
}

/// The newest lines of a project's audit trail, the newest first.
pub(crate) async fn events(store: &Store, limit: u32) -> Vec<RecordedEvent> {
    let filter = EventFilter { project_id: Some(PROJECT), ..EventFilter::default() };
    store.audit_events(filter, limit).await.unwrap()
}

/// The kinds of a project's audit events, the oldest first.
pub(crate) async fn audited(store: &Store) -> Vec<AuditKind> {
    let mut events = events(store, 1000).await;
    events.reverse();
    events.into_iter().map(|event| event.event.kind).collect()
}

/// Runs `work` as so many tasks at once and answers what they answered.
pub(crate) async fn at_once<T, F>(tasks: u32, work: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = (0..tasks).map(|number| tokio::spawn(work(number))).collect();
    let mut answers = Vec::new();
    for task in running {
        answers.push(task.await.expect("the task ends"));
    }
    answers
}
