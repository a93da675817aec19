use crate::{
    backend::Backend,
    fixture::{PROJECT, admission, admit, at, at_once, audited, bytes, exchange, project, seeded},
};
use authmint_domain::{
    model::{
        audit::AuditKind,
        challenge::{ClientPrefix, CodeRefused, EmailChallenge, EmailId, TRIES_PER_CODE},
        limit::{Limit, LimitKey},
        policy::Policy,
        user::User,
    },
    port::{Admission, Admitted, ChallengeDecision, Store as _},
};
use authmint_protocol::id::{ProjectId, UserId};
use authmint_store::Store;
use std::{sync::Arc, time::Duration};

const ADDRESS: (ProjectId, EmailId) = (PROJECT, EmailId([5; 32]));

pub(crate) async fn an_identity_is_one_user_however_often_and_in_parallel_it_signs_in(backend: &Backend) {
    let store = seeded(backend).await;
    let admitted = at_once(32, |number| {
        let store = Arc::clone(&store);
        async move { admit(&store, admission("a@example.com", number, at(3))).await.unwrap() }
    })
    .await;
    let user = &admitted[0];
    assert!(admitted.iter().all(|other| other == user));
    assert_eq!(store.user(PROJECT, user.id).await.unwrap().as_ref(), Some(user));
    assert_eq!((user.email.as_deref(), user.created_at), (Some("a@example.com"), at(3)));

    let kinds = audited(&store).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == AuditKind::UserCreated).count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == AuditKind::SignedIn).count(), 32);
}

pub(crate) async fn a_new_identity_without_leave_to_create_leaves_no_trace(backend: &Backend) {
    let store = seeded(backend).await;
    let stranger = Admission { create: None, ..admission("new@example.com", 1, at(0)) };
    assert_eq!(store.admit(stranger.clone()).await.unwrap(), Admitted::Unknown);
    assert_eq!(exchange(&store, 1, 1, at(0)).await.unwrap(), None);
    assert_eq!(audited(&store).await, []);

    admit(&store, admission("new@example.com", 2, at(0))).await.unwrap();
    assert!(admit(&store, stranger).await.is_some(), "a known identity needs no leave");
}

pub(crate) async fn the_same_subject_of_another_project_is_another_user(backend: &Backend) {
    let store = seeded(backend).await;
    let other = ProjectId::from_bytes([2; 16]);
    store.put_project(project(other)).await.unwrap();
    let here = admit(&store, admission("a@example.com", 1, at(0))).await.unwrap();
    let elsewhere = Admission { project_id: other, ..admission("a@example.com", 2, at(0)) };
    let there: User = admit(&store, elsewhere).await.unwrap();
    assert_ne!(here.id, there.id);
    assert_eq!(store.user(other, here.id).await.unwrap(), None);
    assert_eq!(store.user(PROJECT, UserId::from_bytes(bytes(77))).await.unwrap(), None);
}

async fn issue(store: &Store) -> EmailChallenge {
    let challenge =
        EmailChallenge::issue(None, ADDRESS, ([3; 16], [4; 32]), &Policy::default(), at(0), true).unwrap();
    put(store, challenge.clone()).await;
    challenge
}

async fn put(store: &Store, challenge: EmailChallenge) {
    let decide = move |_: Option<&EmailChallenge>| ChallengeDecision {
        put: Some(challenge.clone()),
        audit: None,
        answer: (),
    };
    store.decide_challenge(ADDRESS.0, ADDRESS.1, decide).await.unwrap();
}

async fn read(store: &Store) -> Option<EmailChallenge> {
    let decide =
        |found: Option<&EmailChallenge>| ChallengeDecision { put: None, audit: None, answer: found.cloned() };
    store.decide_challenge(ADDRESS.0, ADDRESS.1, decide).await.unwrap()
}

async fn try_code(store: &Store, from: u8, right: bool) -> Result<(), CodeRefused> {
    let client = ClientPrefix::of([192, 0, 2, from].into());
    let decide = move |challenge: Option<&EmailChallenge>| {
        let tried = challenge.unwrap().try_code(&client, at(1), |_| if right { [4; 32] } else { [0; 32] });
        ChallengeDecision { put: tried.after, audit: None, answer: tried.outcome }
    };
    store.decide_challenge(ADDRESS.0, ADDRESS.1, decide).await.unwrap()
}

pub(crate) async fn codes_and_tries_read_back(backend: &Backend) {
    let store = seeded(backend).await;
    assert_eq!(read(&store).await, None);
    let mut challenge = issue(&store).await;
    assert_eq!(read(&store).await, Some(challenge.clone()));

    let client = |text: &str| ClientPrefix::of(text.parse().unwrap());
    challenge.code.as_mut().unwrap().tries = vec![(client("192.0.2.1"), 2), (client("2001:db8::1"), 5)];
    (challenge.resends, challenge.failures, challenge.sent_at) = (3, 7, at(9));
    put(&store, challenge.clone()).await;
    assert_eq!(read(&store).await, Some(challenge.clone()));

    challenge.code = None;
    put(&store, challenge.clone()).await;
    assert_eq!(read(&store).await, Some(challenge));
}

pub(crate) async fn threat_40_parallel_wrong_codes_count_exactly(backend: &Backend) {
    let store = seeded(backend).await;
    issue(&store).await;
    let outcomes = at_once(64, |number| {
        let store = Arc::clone(&store);
        async move { try_code(&store, u8::try_from(number).unwrap(), false).await }
    })
    .await;
    let counted = outcomes.iter().filter(|outcome| **outcome == Err(CodeRefused::Wrong)).count();
    assert_eq!(counted, TRIES_PER_CODE as usize);
    assert_eq!(read(&store).await.unwrap().failures, TRIES_PER_CODE);
    assert_eq!(try_code(&store, 99, true).await, Err(CodeRefused::Burnt));
}

pub(crate) async fn a_right_code_in_parallel_is_accepted_once(backend: &Backend) {
    let store = seeded(backend).await;
    issue(&store).await;
    let outcomes = at_once(32, |_| {
        let store = Arc::clone(&store);
        async move { try_code(&store, 1, true).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

pub(crate) async fn limits_are_exact_in_parallel_and_paid_together_or_not_at_all(backend: &Backend) {
    let store = seeded(backend).await;
    let narrow = (LimitKey::new("test", "narrow"), Limit { period: Duration::from_secs(60), burst: 10 });
    let wide = (LimitKey::new("test", "wide"), Limit { period: Duration::from_secs(1), burst: 20 });
    let paid = at_once(64, |_| {
        let (store, limits) = (Arc::clone(&store), vec![narrow.clone(), wide.clone()]);
        async move { store.pay_limits(limits, at(0)).await.unwrap() }
    })
    .await;
    assert_eq!(paid.iter().filter(|paid| paid.is_ok()).count(), 10);
    let refused = paid.iter().find_map(|paid| paid.err()).unwrap();
    assert_eq!(refused.retry_after, Duration::from_secs(60));

    let mut left = 0;
    while store.pay_limits(vec![wide.clone()], at(0)).await.unwrap().is_ok() {
        left += 1;
    }
    assert_eq!(left, 10, "a refusal by one allowance takes nothing from the other");
    let both = store.pay_limits(vec![wide, narrow], at(0)).await.unwrap();
    assert_eq!(both.unwrap_err().retry_after, Duration::from_secs(60), "the longest wait is told");
}
