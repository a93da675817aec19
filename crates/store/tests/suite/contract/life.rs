use crate::{
    backend::Backend,
    fixture::{
        PROJECT, admission, at, at_once, audited, bytes, exchange, open_session, refresh, seeded, sign_out,
    },
};
use authmint_domain::{
    model::{
        audit::AuditKind,
        challenge::{EmailChallenge, EmailId},
        limit::{Limit, LimitKey},
        one_time_secret::{ExchangeDecision, ExchangeRefused},
        policy::Policy,
        revocation::Revoked,
        session::{EndReason, Session},
    },
    port::{Admission, ChallengeDecision, PurgeBefore, Purged, Store as _},
};
use authmint_protocol::id::SessionId;
use authmint_store::Store;
use std::{sync::Arc, time::Duration};

const DAY: u64 = 86_400;

pub(crate) async fn what_was_acknowledged_is_there_after_a_restart(backend: &Backend) {
    let store = seeded(backend).await;
    for number in 0..16 {
        open_session(&store, number).await;
    }
    let replies = at_once(16, |number| {
        let store = Arc::clone(&store);
        let id = SessionId::from_bytes(bytes(number));
        async move { refresh(&store, id, (1, 1), at(200)).await.unwrap().unwrap() }
    })
    .await;
    let trail = audited(&store).await;
    drop(store);

    let store = backend.open().await;
    for reply in replies {
        assert_eq!(store.session(reply.session.id).await.unwrap(), Some(reply.session));
    }
    assert_eq!(audited(&store).await, trail);
}

pub(crate) async fn a_restore_ends_what_began_before_and_audits_it(backend: &Backend) {
    let store = seeded(backend).await;
    let (old, over) = (open_session(&store, 1).await.id, open_session(&store, 2).await.id);
    sign_out(&store, over, at(5)).await.unwrap();
    for number in [3, 4] {
        store.admit(admission("new@example.com", number, at(100 * u64::from(number) - 300))).await.unwrap();
    }
    store.admit(admission("new@example.com", 5, at(100))).await.unwrap();
    let opened = exchange(&store, 4, 4, at(100)).await.unwrap();
    let Some(ExchangeDecision::Open(young)) = opened else { panic!("{opened:?}") };
    let before = audited(&store).await.len();
    let followed = store.revocations(PROJECT, None, 9, at(100)).await.unwrap().position;

    let restored = move |session: &Session| session.restored(at(100), at(200));
    assert_eq!(store.decide_all_sessions(at(100), restored).await.unwrap(), 1);
    let ended =
        async |id| store.session(id).await.unwrap().unwrap().ended.map(|ended| (ended.at, ended.reason));
    assert_eq!(ended(old).await, Some((at(200), EndReason::Restore)));
    assert_eq!(ended(over).await, Some((at(5), EndReason::SignOut)), "an end is final");
    assert_eq!(ended(young.id).await, None);
    assert_eq!(audited(&store).await[before..], [AuditKind::SessionEnded]);
    // The backup knows fewer ends than a follower may have heard of: whatever number it holds, it must hear of these.
    for held in [followed, followed + 1, followed + 1000] {
        let told = store.revocations(PROJECT, Some(held), 9, at(200)).await.unwrap();
        assert!(told.entries.iter().any(|entry| entry.what == Revoked::Session(old)), "held {held}");
    }
    assert_eq!(exchange(&store, 3, 30, at(101)).await.unwrap(), None, "a secret of before is forgotten");
    let later = exchange(&store, 5, 50, at(101)).await.unwrap();
    assert!(matches!(later, Some(ExchangeDecision::Open(_))), "one of that moment is not");
    assert_eq!(store.decide_all_sessions(at(100), restored).await.unwrap(), 0, "a repeat finds nothing");
}

async fn purge_all(store: &Store, seconds: u64) -> Purged {
    let mut all = Purged::default();
    loop {
        let purged = store.purge(PurgeBefore { useless_since: at(seconds), audit: None }).await.unwrap();
        if purged == Purged::default() {
            return all;
        }
        all.sessions += purged.sessions;
        all.others += purged.others;
    }
}

async fn put_challenge(store: &Store, address: u8, failures: u32) {
    let id = EmailId([address; 32]);
    let decide = move |_: Option<&EmailChallenge>| {
        let code = ([3; 16], [4; 32]);
        let issued =
            EmailChallenge::issue(None, (PROJECT, id), code, &Policy::default(), at(0), true).unwrap();
        ChallengeDecision { put: Some(EmailChallenge { failures, ..issued }), audit: None, answer: () }
    };
    store.decide_challenge(PROJECT, id, decide).await.unwrap();
}

async fn knows_challenge(store: &Store, address: u8) -> bool {
    let decide = |found: Option<&EmailChallenge>| ChallengeDecision {
        put: None,
        audit: None,
        answer: found.is_some(),
    };
    store.decide_challenge(PROJECT, EmailId([address; 32]), decide).await.unwrap()
}

pub(crate) async fn purge_removes_what_is_over_and_keeps_what_counts(backend: &Backend) {
    let store = seeded(backend).await;
    let idle = open_session(&store, 1).await;
    let alive = open_session(&store, 2).await;
    let ended = open_session(&store, 3).await;
    sign_out(&store, ended.id, at(100)).await.unwrap();
    refresh(&store, alive.id, (1, 1), at(20 * DAY)).await.unwrap().unwrap();
    store.admit(admission("user1@example.com", 4, at(0))).await.unwrap();
    put_challenge(&store, 1, 0).await;
    put_challenge(&store, 2, 7).await;
    let limit = Limit { period: Duration::from_secs(60), burst: 1 };
    store.pay_limits(vec![(LimitKey::new("test", "x"), limit)], at(0)).await.unwrap().unwrap();

    assert_eq!(purge_all(&store, 60).await, Purged::default(), "nothing is over yet");
    // Four one-time secrets, the limit, the challenge that counts no failures, and the feed's entry.
    assert_eq!(purge_all(&store, DAY).await, Purged { sessions: 0, others: 7, audit_events: 0 });
    assert!(!knows_challenge(&store, 1).await);
    assert!(knows_challenge(&store, 2).await, "failures in a row outlive the code by a day");
    assert_eq!(purge_all(&store, 2 * DAY + 1).await, Purged { sessions: 0, others: 1, audit_events: 0 });
    assert_eq!(exchange(&store, 1, 5, at(1)).await.unwrap(), None);

    assert_eq!(purge_all(&store, 31 * DAY).await.sessions, 1);
    assert_eq!(store.session(idle.id).await.unwrap(), None);
    assert!(store.session(alive.id).await.unwrap().is_some());
    assert!(
        store.session(ended.id).await.unwrap().is_some(),
        "an ended session is told so until its absolute end"
    );
    assert_eq!(purge_all(&store, 91 * DAY).await.sessions, 2);

    // A secret whose session is gone already is still a used one.
    let long = Admission { secret_expires_at: at(200 * DAY), ..admission("user9@example.com", 9, at(0)) };
    store.admit(long).await.unwrap();
    let opened = exchange(&store, 9, 9, at(0)).await.unwrap();
    assert!(matches!(opened, Some(ExchangeDecision::Open(_))));
    assert_eq!(purge_all(&store, 91 * DAY).await.sessions, 1);
    let used = exchange(&store, 9, 10, at(1)).await.unwrap();
    assert_eq!(used, Some(ExchangeDecision::Refuse(ExchangeRefused::Used)));
}
