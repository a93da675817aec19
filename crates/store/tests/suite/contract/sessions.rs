use crate::{
    backend::Backend,
    fixture::{at, at_once, audited, bytes, open_session, refresh, seeded, sign_out},
};
use authmint_domain::{
    model::{
        audit::AuditKind,
        rotation::{LateBranch, ParentWinner, Presented, RotationState, Row},
        session::{Decision, EndReason, Ended, RefreshRefused, Session, SessionChange},
    },
    port::{Store as _, StoreError},
};
use authmint_protocol::id::SessionId;
use std::sync::Arc;

pub(crate) async fn every_field_of_a_rotation_reads_back(backend: &Backend) {
    let store = seeded(backend).await;
    let mut session = open_session(&store, 1).await;
    let states = [
        RotationState {
            generation: 2,
            branches_issued: 3,
            rotated_at: at(5),
            parent_winner: ParentWinner::Any,
            sibling_branch: Some(2),
            late: Some(LateBranch { branch: 3, at: at(6) }),
        },
        RotationState {
            generation: u32::MAX,
            branches_issued: u32::MAX,
            rotated_at: at(7),
            parent_winner: ParentWinner::Branch(u32::MAX),
            sibling_branch: None,
            late: None,
        },
    ];
    for (rotation, idle) in states.into_iter().zip([100, 200]) {
        let change = SessionChange::Rotated { rotation: rotation.clone(), idle_expires_at: at(idle) };
        let decide = move |_: Option<&Session>| Decision { change: change.clone(), answer: () };
        store.decide_session(session.id, decide).await.unwrap();
        (session.rotation, session.idle_expires_at) = (rotation, at(idle));
        assert_eq!(store.session(session.id).await.unwrap(), Some(session.clone()));
    }
}

pub(crate) async fn threat_13_one_token_refreshed_256_times_at_once_rotates_once(backend: &Backend) {
    let store = seeded(backend).await;
    let id = open_session(&store, 1).await.id;
    let replies = at_once(256, |_| {
        let store = Arc::clone(&store);
        async move { refresh(&store, id, (1, 1), at(200)).await.unwrap().unwrap() }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| reply.row == Row::Rotate).count(), 1);
    assert!(replies.iter().all(|reply| reply.token == Presented { generation: 2, branch: 1 }));
    assert!(replies.iter().all(|reply| reply.session == replies[0].session));
    assert_eq!(store.session(id).await.unwrap().unwrap(), replies[0].session);
}

pub(crate) async fn many_sessions_rotate_at_once_and_each_keeps_its_own(backend: &Backend) {
    let store = seeded(backend).await;
    for number in 0..32 {
        open_session(&store, number).await;
    }
    let replies = at_once(256, |task| {
        let store = Arc::clone(&store);
        let id = SessionId::from_bytes(bytes(task % 32));
        async move { refresh(&store, id, (1, 1), at(200)).await.unwrap().unwrap() }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| reply.row == Row::Rotate).count(), 32);
    for number in 0..32 {
        let session = store.session(SessionId::from_bytes(bytes(number))).await.unwrap().unwrap();
        assert_eq!(session.rotation.generation, 2);
        assert_eq!(session.user.email, Some(format!("user{number}@example.com")));
    }
}

pub(crate) async fn threat_20_refresh_beside_sign_out_never_revives(backend: &Backend) {
    let store = seeded(backend).await;
    for round in 0..16 {
        let id = open_session(&store, round).await.id;
        let refreshed = at_once(9, |task| {
            let store = Arc::clone(&store);
            async move {
                if task == 4 {
                    sign_out(&store, id, at(200)).await.unwrap();
                    return None;
                }
                Some(refresh(&store, id, (1, 1), at(200)).await.unwrap())
            }
        })
        .await;
        let ended = store.session(id).await.unwrap().unwrap().ended;
        assert_eq!(ended, Some(Ended { at: at(200), reason: EndReason::SignOut }));
        for reply in refreshed.into_iter().flatten().flatten() {
            let token = (reply.token.generation, reply.token.branch);
            let again = refresh(&store, id, token, at(201)).await.unwrap();
            assert_eq!(again, Err(RefreshRefused::Revoked));
        }
    }
}

pub(crate) async fn ended_is_final_and_theft_is_audited_with_its_end(backend: &Backend) {
    let store = seeded(backend).await;
    let id = open_session(&store, 1).await.id;
    refresh(&store, id, (1, 1), at(200)).await.unwrap().unwrap();
    refresh(&store, id, (2, 1), at(400)).await.unwrap().unwrap();
    assert_eq!(refresh(&store, id, (1, 1), at(500)).await.unwrap(), Err(RefreshRefused::Theft));

    let ended = store.session(id).await.unwrap().unwrap();
    assert_eq!(ended.ended, Some(Ended { at: at(500), reason: EndReason::Theft }));
    sign_out(&store, id, at(600)).await.unwrap();
    assert_eq!(refresh(&store, id, (3, 1), at(600)).await.unwrap(), Err(RefreshRefused::Revoked));
    assert_eq!(store.session(id).await.unwrap(), Some(ended.clone()));
    let kinds = audited(&store).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == AuditKind::TheftFound).count(), 1);
    assert!(!kinds.contains(&AuditKind::SignedOut));

    // Even a decision that asked for it would not get an ended session to rotate.
    let change =
        SessionChange::Rotated { rotation: RotationState::first(at(700)), idle_expires_at: at(9000) };
    let revive = move |_: Option<&Session>| Decision { change: change.clone(), answer: () };
    assert!(matches!(store.decide_session(id, revive).await, Err(StoreError::Unavailable { .. })));
    assert_eq!(store.session(id).await.unwrap(), Some(ended));
}

pub(crate) async fn answers_without_rotation_extend_nothing(backend: &Backend) {
    let store = seeded(backend).await;
    let opened = open_session(&store, 1).await;
    let young = refresh(&store, opened.id, (1, 1), at(100)).await.unwrap().unwrap();
    assert_eq!((young.row, store.session(opened.id).await.unwrap()), (Row::Young, Some(opened.clone())));

    let rotated = refresh(&store, opened.id, (1, 1), at(200)).await.unwrap().unwrap().session;
    assert!(rotated.idle_expires_at > opened.idle_expires_at);
    for (row, now) in [(Row::Grace, 205), (Row::Late, 300)] {
        let reply = refresh(&store, opened.id, (1, 1), at(now)).await.unwrap().unwrap();
        let kept = store.session(opened.id).await.unwrap().unwrap();
        assert_eq!((reply.row, &reply.session), (row, &kept));
        assert_eq!(kept.idle_expires_at, rotated.idle_expires_at);
        assert_eq!(kept.absolute_expires_at, opened.absolute_expires_at);
    }
}

pub(crate) async fn an_unknown_session_can_be_decided_but_not_changed(backend: &Backend) {
    let store = seeded(backend).await;
    let id = SessionId::from_bytes(bytes(9));
    let known = store.decide_session(id, |session| Decision::keep(session.is_some())).await;
    assert_eq!(known, Ok(false));
    let change = SessionChange::Rotated { rotation: RotationState::first(at(0)), idle_expires_at: at(1) };
    let decide = move |_: Option<&Session>| Decision { change: change.clone(), answer: () };
    assert!(store.decide_session(id, decide).await.is_err());
    assert_eq!(store.session(id).await.unwrap(), None);
}

pub(crate) async fn a_panic_in_a_decision_is_its_callers_alone(backend: &Backend) {
    let store = seeded(backend).await;
    let id = open_session(&store, 1).await.id;
    let outcomes = at_once(32, |task| {
        let store = Arc::clone(&store);
        async move {
            if task % 8 == 0 {
                let panicking = |_: Option<&Session>| -> Decision<()> { panic!("a fault in a rule") };
                return store.decide_session(id, panicking).await;
            }
            refresh(&store, id, (1, 1), at(200)).await.map(|reply| assert!(reply.is_ok()))
        }
    })
    .await;
    for (task, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(outcome.is_err(), task % 8 == 0, "{task}");
    }
    assert_eq!(store.session(id).await.unwrap().unwrap().rotation.generation, 2);
}
