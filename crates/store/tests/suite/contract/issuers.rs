use crate::{
    backend::Backend,
    fixture::{PROJECT, at, at_once, audited, bytes, events, origin, seeded},
};
use authmint_domain::{
    model::{
        assertion::{Assertion, Reuse, TradeDecision, TradeFacts, TradeRefused},
        audit::{
            AuditEvent,
            AuditKind::{
                self, AssertionReused, IssuerAdded, IssuerRemoved, SessionOpened, SignedIn, UserCreated,
            },
        },
        issuer::TrustedIssuer,
        limit::{Limit, LimitKey, Spent},
        one_time_secret::NewSession,
        policy::Policy,
        session::Device,
        user::Proof,
    },
    port::{IssuerChange, IssuerDecision, PurgeBefore, Store as _, StoreError, Trade},
};
use authmint_protocol::{
    id::{IssuerId, SessionId, UserId},
    issuer::IssuerTerms,
    time::Timestamp,
};
use authmint_store::Store;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

fn issuer(name: &str, number: u32) -> TrustedIssuer {
    TrustedIssuer {
        id: IssuerId::from_bytes(bytes(number)),
        project_id: PROJECT,
        name: name.to_owned(),
        terms: IssuerTerms {
            preset: Some("auth0".to_owned()),
            fields: BTreeMap::from([("domain".to_owned(), "shop.example".to_owned())]),
            issuer: Some("https://shop.example/".to_owned()),
            jwks_uri: Some("https://shop.example/keys".to_owned()),
            audience: vec!["app".to_owned(), "other".to_owned()],
            any_audience: false,
            user_id_claim: Some("sub".to_owned()),
            algorithms: vec!["RS256".to_owned()],
            leeway: Some(5),
            max_age: Some(600),
        },
        reuse: Reuse::UntilExp,
        created_at: at(1),
    }
}

fn line(kind: AuditKind) -> AuditEvent {
    AuditEvent::new(at(1), kind, Some(PROJECT), origin()).saying("corp")
}

/// Adds an issuer if fewer than `most` are there.
async fn add(store: &Store, added: TrustedIssuer, most: usize) -> Result<bool, StoreError> {
    let decide = move |known: &[TrustedIssuer]| {
        let fits = known.len() < most;
        let change = fits.then(|| (IssuerChange::Add(Box::new(added.clone())), line(IssuerAdded)));
        IssuerDecision { change, answer: fits }
    };
    store.decide_issuers(PROJECT, decide).await
}

async fn trusting(backend: &Backend) -> Arc<Store> {
    let store = seeded(backend).await;
    assert!(add(&store, issuer("corp", 1), 1).await.unwrap());
    store
}

fn proof() -> Proof {
    Proof {
        method: "issuer:corp".into(),
        subject: "alice".into(),
        email: None,
        amr: "pwd otp".into(),
        at: at(0),
    }
}

/// Trades the assertion of this number for a session of that one.
async fn trade(
    store: &Store,
    assertion: u8,
    session: u32,
    now: Timestamp,
    limits: Vec<(LimitKey, Limit)>,
) -> Result<TradeDecision, Spent> {
    let assertion = Assertion {
        project_id: PROJECT,
        issuer_id: IssuerId::from_bytes(bytes(1)),
        hash: [assertion; 32],
        expires_at: at(600),
        reuse: Reuse::Never,
    };
    let new = NewSession {
        id: SessionId::from_bytes(bytes(session)),
        device: Device::default(),
        from: origin().from,
    };
    let create = Some(UserId::from_bytes(bytes(session)));
    let asked = Trade { assertion: assertion.clone(), proof: proof(), limits, now, origin: origin() };
    let decide = move |facts: TradeFacts<'_>| {
        assertion.trade(facts, (&proof(), create), new.clone(), &Policy::default(), now)
    };
    store.trade(asked, decide).await.unwrap()
}

pub(crate) async fn issuers_read_back_by_name_and_a_removed_one_is_gone(backend: &Backend) {
    let store = seeded(backend).await;
    for (name, number) in [("corp", 1), ("auth0", 2)] {
        assert!(add(&store, issuer(name, number), 2).await.unwrap());
    }
    assert_eq!(store.issuers(PROJECT).await.unwrap(), [issuer("auth0", 2), issuer("corp", 1)]);
    assert!(add(&store, issuer("corp", 3), 9).await.is_err(), "a name is there once");
    let id = IssuerId::from_bytes(bytes(1));
    let remove = move |_: &[TrustedIssuer]| IssuerDecision {
        change: Some((IssuerChange::Remove(id), line(IssuerRemoved))),
        answer: (),
    };
    store.decide_issuers(PROJECT, remove).await.unwrap();
    assert_eq!(store.issuers(PROJECT).await.unwrap(), [issuer("auth0", 2)]);
    assert!(store.decide_issuers(PROJECT, remove).await.is_err(), "what is not there is not removed");
    assert_eq!(audited(&store).await, [IssuerAdded, IssuerAdded, IssuerRemoved]);
}

pub(crate) async fn issuers_added_at_once_are_decided_over_one_after_another(backend: &Backend) {
    let store = seeded(backend).await;
    let added = at_once(16, |number| {
        let store = Arc::clone(&store);
        async move { add(&store, issuer(&format!("issuer-{number}"), number), 5).await.unwrap() }
    });
    assert_eq!(added.await.into_iter().filter(|added| *added).count(), 5);
    assert_eq!(store.issuers(PROJECT).await.unwrap().len(), 5);
}

pub(crate) async fn threat_31_parallel_trades_of_one_assertion_open_one_session(backend: &Backend) {
    let store = trusting(backend).await;
    let decided = at_once(64, |number| {
        let store = Arc::clone(&store);
        async move { trade(&store, 7, number, at(1), Vec::new()).await.unwrap() }
    })
    .await;
    let opened = decided.iter().filter(|decision| matches!(decision, TradeDecision::Open { .. })).count();
    let repeated = decided.iter().filter(|decision| matches!(decision, TradeDecision::Repeat(_))).count();
    assert_eq!((opened, repeated), (1, 63));
    assert_eq!(audited(&store).await, [IssuerAdded, UserCreated, SignedIn, SessionOpened]);
}

pub(crate) async fn a_trade_makes_user_and_session_with_its_lines_or_nothing_of_it(backend: &Backend) {
    let store = trusting(backend).await;
    let Ok(TradeDecision::Open { session, new_user: true }) = trade(&store, 7, 1, at(1), Vec::new()).await
    else {
        panic!("no session was opened")
    };
    assert_eq!(store.session(session.id).await.unwrap().as_ref(), Some(&*session));
    assert_eq!(session.sign_in.amr, "pwd otp");
    let identities = store.identities(session.user.id).await.unwrap();
    assert_eq!((identities[0].method.as_str(), identities[0].subject.as_str()), ("issuer:corp", "alice"));
    let newest = &events(&store, 1).await[0].event;
    assert_eq!((newest.session_id, newest.detail.as_ref()), (Some(session.id), "issuer:corp"));
    let again = trade(&store, 8, 2, at(1), Vec::new()).await;
    assert!(matches!(again, Ok(TradeDecision::Open { new_user: false, .. })), "the user is there");

    let id = IssuerId::from_bytes(bytes(1));
    let remove = move |_: &[TrustedIssuer]| IssuerDecision {
        change: Some((IssuerChange::Remove(id), line(IssuerRemoved))),
        answer: (),
    };
    store.decide_issuers(PROJECT, remove).await.unwrap();
    let untrusted = trade(&store, 9, 3, at(2), Vec::new()).await;
    assert_eq!(untrusted, Ok(TradeDecision::Refuse(TradeRefused::Untrusted)));
    assert_eq!(store.traded(PROJECT, [9; 32]).await.unwrap(), None);
}

pub(crate) async fn a_used_assertion_is_audited_and_a_spent_limit_leaves_it_unused(backend: &Backend) {
    let store = trusting(backend).await;
    let limits = || {
        let limit = Limit { period: Duration::from_secs(10), burst: 1 };
        vec![(LimitKey::new("exchange/project", "x"), limit)]
    };
    assert!(trade(&store, 7, 1, at(1), limits()).await.is_ok());
    let wait = Spent { retry_after: Duration::from_secs(10) };
    assert_eq!(trade(&store, 8, 2, at(1), limits()).await, Err(wait));
    assert_eq!(store.traded(PROJECT, [8; 32]).await.unwrap(), None);
    let used = trade(&store, 7, 3, at(12), limits()).await;
    assert_eq!(used, Ok(TradeDecision::Refuse(TradeRefused::Used)));
    assert_eq!(audited(&store).await.last(), Some(&AssertionReused));
    assert_eq!(store.traded(PROJECT, [7; 32]).await.unwrap().unwrap().at, at(1));
}

pub(crate) async fn assertions_are_remembered_until_nobody_could_trade_them(backend: &Backend) {
    let store = trusting(backend).await;
    trade(&store, 7, 1, at(1), Vec::new()).await.unwrap();
    for (before, kept) in [(at(600), true), (at(601), false)] {
        store.purge(PurgeBefore { useless_since: before, audit: None }).await.unwrap();
        assert_eq!(store.traded(PROJECT, [7; 32]).await.unwrap().is_some(), kept);
    }
}
