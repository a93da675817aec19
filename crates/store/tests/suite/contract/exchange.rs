use crate::{
    backend::Backend,
    fixture::{admission, at, at_once, audited, bytes, events, exchange, open_session, refresh, seeded},
};
use authmint_domain::{
    model::{
        audit::AuditKind::{OneTimeSecretReused, SessionOpened, SignedIn, UserCreated},
        one_time_secret::{ExchangeDecision, ExchangeRefused},
    },
    port::Store as _,
};
use authmint_protocol::id::SessionId;
use std::sync::Arc;

pub(crate) async fn a_secret_opens_a_session_and_tells_the_audit(backend: &Backend) {
    let store = seeded(backend).await;
    let session = open_session(&store, 1).await;
    assert_eq!(session.user.email.as_deref(), Some("user1@example.com"));
    assert_eq!(store.session(session.id).await.unwrap(), Some(session.clone()));
    assert_eq!(audited(&store).await, [UserCreated, SignedIn, SessionOpened]);

    let newest = events(&store, 1).await;
    assert_eq!(newest.len(), 1);
    assert_eq!(
        (newest[0].event.session_id, newest[0].event.user_id),
        (Some(session.id), Some(session.user.id))
    );
    assert_eq!((newest[0].event.at, newest[0].event.detail.as_ref()), (at(0), "email"));
}

pub(crate) async fn threat_31_parallel_exchange_of_one_secret_opens_one_session(backend: &Backend) {
    let store = seeded(backend).await;
    store.admit(admission("a@example.com", 1, at(0))).await.unwrap();
    let decided = at_once(64, |number| {
        let store = Arc::clone(&store);
        async move { exchange(&store, 1, number, at(1)).await.unwrap().unwrap() }
    })
    .await;
    let opened: Vec<SessionId> = decided
        .iter()
        .filter_map(|decision| match decision {
            ExchangeDecision::Open(session) => Some(session.id),
            _ => None,
        })
        .collect();
    assert_eq!(opened.len(), 1);
    for decision in &decided {
        if let ExchangeDecision::Repeat(reply) = decision {
            assert_eq!(reply.session.id, opened[0], "the others are answered with that session");
        }
    }
    for number in 0..64 {
        let id = SessionId::from_bytes(bytes(number));
        assert_eq!(store.session(id).await.unwrap().is_some(), id == opened[0]);
    }
}

pub(crate) async fn a_used_secret_is_refused_and_audited_and_its_session_lives_on(backend: &Backend) {
    let store = seeded(backend).await;
    let session = open_session(&store, 1).await;
    assert!(matches!(exchange(&store, 1, 2, at(10)).await.unwrap(), Some(ExchangeDecision::Repeat(_))));
    assert_eq!(
        audited(&store).await.last(),
        Some(&SessionOpened),
        "a reload within grace is nothing to tell"
    );

    let refused = exchange(&store, 1, 2, at(11)).await.unwrap();
    assert_eq!(refused, Some(ExchangeDecision::Refuse(ExchangeRefused::Used)));
    let newest = &events(&store, 1).await[0].event;
    assert_eq!((newest.kind, newest.at), (OneTimeSecretReused, at(11)));
    assert_eq!(newest.session_id, Some(session.id));
    assert!(refresh(&store, session.id, (1, 1), at(400)).await.unwrap().is_ok());
}

pub(crate) async fn an_expired_or_unknown_secret_changes_nothing(backend: &Backend) {
    let store = seeded(backend).await;
    store.admit(admission("a@example.com", 1, at(0))).await.unwrap();
    let late = exchange(&store, 1, 2, at(120)).await.unwrap();
    assert_eq!(late, Some(ExchangeDecision::Refuse(ExchangeRefused::Expired)));
    assert_eq!(exchange(&store, 9, 2, at(0)).await.unwrap(), None);
    assert_eq!(store.session(SessionId::from_bytes(bytes(2))).await.unwrap(), None);
    assert_eq!(audited(&store).await, [UserCreated, SignedIn]);
}
