use crate::{
    backend::Backend,
    fixture::{
        PROJECT, admission, admit, api_key, at, at_once, audited, bytes, events, exchange, open_session,
        project, refresh, seeded, sign_out,
    },
};
use authmint_domain::{
    model::{
        audit::{Actor, AuditEvent, AuditKind, EventFilter, Origin},
        one_time_secret::{ExchangeDecision, ExchangeRefused},
        operator_token::OperatorTokenRecord,
        project::Project,
        revocation::{Revocation, Revoked},
        session::{Decision, EndReason, Ended, RefreshRefused, Session},
        user::{User, UserChange, UserCursor, UserDecision, UserQuery},
    },
    port::{AdminDecision, Admission, Admitted, PurgeBefore, Shown, Store as _, StoreError},
};
use authmint_protocol::{
    id::{OperatorTokenId, ProjectId, UserId},
    time::Timestamp,
};
use authmint_store::Store;
use std::sync::Arc;

/// Changes a user, with a line in the audit trail; answers whether there was one.
async fn change(store: &Store, id: UserId, change: UserChange, now: Timestamp) -> bool {
    let decide = move |found: Option<&User>| UserDecision {
        change: found.map(|user| {
            let line = AuditEvent::new(
                now,
                AuditKind::UserSessionsEnded,
                Some(user.project_id),
                Origin::COMMAND_LINE,
            );
            (change, line.of_user(user.id))
        }),
        answer: found.is_some(),
    };
    store.decide_user(PROJECT, id, decide).await.unwrap()
}

async fn revoked(store: &Store) -> Vec<Revoked> {
    let stretch = store.revocations(PROJECT, None, 100, at(0)).await.unwrap();
    stretch.entries.into_iter().map(|entry| entry.what).collect()
}

const fn by_operator(now: Timestamp) -> UserChange {
    UserChange::EndSessions(Ended { at: now, reason: EndReason::Operator })
}

pub(crate) async fn ending_all_sessions_of_a_user_is_one_entry_of_the_feed_and_voids_waiting_secrets(
    backend: &Backend,
) {
    let store = seeded(backend).await;
    let (first, other) = (open_session(&store, 1).await, open_session(&store, 2).await);
    admit(&store, admission("user1@example.com", 11, at(0))).await.unwrap();
    let second = match exchange(&store, 11, 11, at(1)).await.unwrap() {
        Some(ExchangeDecision::Open(session)) => *session,
        other => panic!("{other:?}"),
    };
    admit(&store, admission("user1@example.com", 12, at(2))).await.unwrap();

    assert!(change(&store, first.user.id, by_operator(at(3)), at(3)).await);
    let ended = Ended { at: at(3), reason: EndReason::Operator };
    for session in [&first, &second] {
        assert_eq!(store.session(session.id).await.unwrap().unwrap().ended, Some(ended));
        assert_eq!(refresh(&store, session.id, (1, 1), at(4)).await.unwrap(), Err(RefreshRefused::Revoked));
    }
    assert!(refresh(&store, other.id, (1, 1), at(4)).await.unwrap().is_ok(), "another user's goes on");
    assert_eq!(revoked(&store).await, [Revoked::User(first.user.id)]);
    assert_eq!(exchange(&store, 12, 12, at(4)).await.unwrap(), None, "what waited opens nothing");
    let last = &events(&store, 1).await[0].event;
    assert_eq!((last.kind, last.user_id), (AuditKind::UserSessionsEnded, Some(first.user.id)));

    // The user may sign in again.
    admit(&store, admission("user1@example.com", 13, at(5))).await.unwrap();
    assert!(matches!(exchange(&store, 13, 13, at(5)).await.unwrap(), Some(ExchangeDecision::Open(_))));
}

pub(crate) async fn threat_22_a_disabled_user_is_refused_everywhere_until_enabled(backend: &Backend) {
    let store = seeded(backend).await;
    let session = open_session(&store, 1).await;
    let user = session.user.id;
    // Proven before, traded after.
    admit(&store, admission("user1@example.com", 11, at(0))).await.unwrap();
    assert!(change(&store, user, UserChange::Disable(at(3)), at(3)).await);
    assert_eq!(store.user(PROJECT, user).await.unwrap().unwrap().disabled_at, Some(at(3)));
    assert_eq!(refresh(&store, session.id, (1, 1), at(4)).await.unwrap(), Err(RefreshRefused::Revoked));
    assert_eq!(exchange(&store, 11, 11, at(4)).await.unwrap(), None);

    let before = audited(&store).await.len();
    let again = store.admit(admission("user1@example.com", 12, at(5))).await.unwrap();
    assert!(matches!(again, Admitted::Disabled(_)), "{again:?}");
    assert_eq!(exchange(&store, 12, 12, at(5)).await.unwrap(), None, "no secret was issued");
    let told = events(&store, 1).await;
    assert_eq!(
        (told[0].event.kind, told[0].event.detail.as_ref()),
        (AuditKind::SignInFailed, "user_disabled")
    );
    assert_eq!(audited(&store).await.len(), before + 1);

    assert!(change(&store, user, UserChange::Enable, at(6)).await);
    assert_eq!(refresh(&store, session.id, (1, 1), at(7)).await.unwrap(), Err(RefreshRefused::Revoked));
    admit(&store, admission("user1@example.com", 13, at(7))).await.expect("enabled again");
    assert!(matches!(exchange(&store, 13, 13, at(7)).await.unwrap(), Some(ExchangeDecision::Open(_))));
}

pub(crate) async fn a_deleted_user_leaves_nothing_but_the_trail_and_the_feed(backend: &Backend) {
    let store = seeded(backend).await;
    let session = open_session(&store, 1).await;
    let user = session.user.id;
    admit(&store, admission("user1@example.com", 11, at(0))).await.unwrap();
    assert_eq!(store.identities(user).await.unwrap()[0].subject, "user1@example.com");
    assert!(change(&store, user, UserChange::Delete(at(3)), at(3)).await);
    assert_eq!(store.user(PROJECT, user).await.unwrap(), None);
    assert_eq!(store.session(session.id).await.unwrap(), None);
    assert_eq!(store.identities(user).await.unwrap(), []);
    assert_eq!(exchange(&store, 11, 11, at(4)).await.unwrap(), None);
    assert_eq!(revoked(&store).await, [Revoked::User(user)]);
    let about = EventFilter { user_id: Some(user), ..EventFilter::default() };
    assert!(store.audit_events(about, 10).await.unwrap().len() > 3, "the trail keeps the ID");
    assert!(!change(&store, user, UserChange::Delete(at(5)), at(5)).await, "gone is gone");
    let new = admit(&store, admission("user1@example.com", 12, at(6))).await.unwrap();
    assert_ne!(new.id, user, "whoever proves the address is somebody new");
}

pub(crate) async fn threat_13_what_another_process_changed_of_a_session_is_seen(backend: &Backend) {
    let (here, there) = (seeded(backend).await, backend.open().await);
    let mut sessions = Vec::new();
    for number in 1..=4 {
        let id = open_session(&here, number).await.id;
        refresh(&here, id, (1, 1), at(200)).await.unwrap().unwrap();
        sessions.push(id);
    }
    let [rotated, ended, deleted, cut] = sessions.try_into().unwrap();
    refresh(&there, rotated, (2, 1), at(400)).await.unwrap().unwrap();
    let reply = refresh(&here, rotated, (3, 1), at(600)).await.unwrap().unwrap();
    assert_eq!(reply.token.generation, 4, "each sees the other's rotation");
    sign_out(&there, ended, at(601)).await.unwrap();
    assert_eq!(refresh(&here, ended, (2, 1), at(602)).await.unwrap(), Err(RefreshRefused::Revoked));
    let owner = there.session(deleted).await.unwrap().unwrap().user.id;
    assert!(change(&there, owner, UserChange::Delete(at(603)), at(603)).await);
    let is_gone = here.decide_session(deleted, |found: Option<&Session>| Decision::keep(found.is_none()));
    assert!(is_gone.await.unwrap(), "what a process remembers of a session does not keep it");
    let forbid = |found: Option<&Project>| {
        let put = Project { not_before: Some(at(604)), ..found.unwrap().clone() };
        let line = AuditEvent::new(at(604), AuditKind::NotBeforeSet, Some(PROJECT), Origin::COMMAND_LINE);
        AdminDecision::put(put, line, ())
    };
    there.decide_project(PROJECT, forbid).await.unwrap();
    assert_eq!(refresh(&here, cut, (2, 1), at(605)).await.unwrap(), Err(RefreshRefused::Revoked));
}

pub(crate) async fn a_user_of_another_project_is_not_decided_over(backend: &Backend) {
    let store = seeded(backend).await;
    let other = ProjectId::from_bytes([9; 16]);
    store.put_project(project(other)).await.unwrap();
    let session = open_session(&store, 1).await;
    let decide = |found: Option<&User>| UserDecision { change: None, answer: found.cloned() };
    assert_eq!(store.decide_user(other, session.user.id, decide).await.unwrap(), None);
    assert_eq!(store.sessions_of_user(other, session.user.id, None, 10).await.unwrap(), []);
    let blind = |_: Option<&User>| UserDecision {
        change: Some((
            UserChange::Enable,
            AuditEvent::new(at(1), AuditKind::UserEnabled, Some(PROJECT), Origin::COMMAND_LINE),
        )),
        answer: (),
    };
    let refused = store.decide_user(other, session.user.id, blind).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
}

pub(crate) async fn threat_13_ending_all_beside_refreshes_and_trades_leaves_no_session_alive(
    backend: &Backend,
) {
    let store = seeded(backend).await;
    let session = open_session(&store, 1).await;
    let user = session.user.id;
    for number in 20..30 {
        admit(&store, admission("user1@example.com", number, at(0))).await.unwrap();
    }
    at_once(21, |number| {
        let store = Arc::clone(&store);
        let id = session.id;
        async move {
            match number {
                10 => drop(change(&store, user, UserChange::Disable(at(200)), at(200)).await),
                0..10 => drop(refresh(&store, id, (1, 1), at(200)).await.unwrap()),
                _ => drop(exchange(&store, number + 9, number + 9, at(1)).await.unwrap()),
            }
        }
    })
    .await;
    let left = store.sessions_of_user(PROJECT, user, None, 100).await.unwrap();
    assert!(!left.is_empty() && left.iter().all(|session| session.alive(at(201)).is_err()));
}

pub(crate) async fn users_are_listed_by_age_and_searched_by_address_page_by_page(backend: &Backend) {
    let store = seeded(backend).await;
    let mut users = Vec::new();
    for number in 1..=7_u32 {
        let address = ["ada@example.com", "adam@example.com", "ad@example.org", "bob@example.com"];
        let address =
            address.get(number as usize - 1).map_or(format!("u{number}@example.com"), |a| (*a).to_owned());
        // Two of one age each: the ID decides.
        let admission = admission(&address, number, at(u64::from(number / 2)));
        users.push(admit(&store, admission).await.unwrap());
    }
    let other = ProjectId::from_bytes([9; 16]);
    store.put_project(project(other)).await.unwrap();
    let stranger = Admission { project_id: other, ..admission("ada@example.com", 50, at(0)) };
    admit(&store, stranger).await.unwrap();

    let read = async |address: Option<&str>, limit: u32| {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let query = UserQuery { project_id: PROJECT, address: address.map(str::to_owned), after, limit };
            let page = store.users(query).await.unwrap();
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { return all };
            after = Some(UserCursor::after(last, address.is_some()));
            all.extend(page);
        }
    };
    let mut newest = users.clone();
    newest.sort_by_key(|user| std::cmp::Reverse((user.created_at, user.id)));
    for limit in [1, 2, 3, 100] {
        assert_eq!(read(None, limit).await, newest, "{limit}");
        let found: Vec<_> = read(Some("ad"), limit).await.into_iter().filter_map(|user| user.email).collect();
        assert_eq!(found, ["ad@example.org", "ada@example.com", "adam@example.com"]);
    }
    assert_eq!(read(Some("ada@example.com"), 10).await, [users[0].clone()]);
    for nothing in ["%", "_", "x", "ada@example.com'--", "\u{10ffff}", "\0", "ad\0"] {
        assert_eq!(read(Some(nothing), 10).await, [], "{nothing}");
    }
    let made_up = UserCursor::Address("ad\0".to_owned(), users[0].id);
    let query =
        UserQuery { project_id: PROJECT, address: Some("ad\0".to_owned()), after: Some(made_up), limit: 9 };
    assert_eq!(store.users(query).await.unwrap(), []);
}

pub(crate) async fn sessions_of_a_user_are_listed_newest_first_with_where_they_were_opened(
    backend: &Backend,
) {
    let store = seeded(backend).await;
    let first = open_session(&store, 1).await;
    assert_eq!(first.opened_from.as_ref().map(|from| from.as_str()), Some("192.0.2.7"));
    let mut all = vec![first.id];
    for number in 11..16 {
        admit(&store, admission("user1@example.com", number, at(0))).await.unwrap();
        match exchange(&store, number, number, at(u64::from(number) - 9)).await.unwrap() {
            Some(ExchangeDecision::Open(session)) => all.push(session.id),
            other => panic!("{other:?}"),
        }
    }
    all.reverse();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.sessions_of_user(PROJECT, first.user.id, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.created_at, last.id));
        seen.extend(page.iter().map(|session| session.id));
    }
    assert_eq!(seen, all);
    assert_eq!(store.session(first.id).await.unwrap().unwrap(), first, "one by one they read as in the list");
}

pub(crate) async fn a_not_before_ends_what_was_opened_before_it_and_is_on_the_feed(backend: &Backend) {
    let store = seeded(backend).await;
    let session = open_session(&store, 1).await;
    admit(&store, admission("user2@example.com", 2, at(1))).await.unwrap();
    let decide = |found: Option<&Project>| {
        let put = Project { not_before: Some(at(5)), ..found.expect("it is there").clone() };
        let line = AuditEvent::new(at(5), AuditKind::NotBeforeSet, Some(PROJECT), Origin::COMMAND_LINE);
        AdminDecision::put(put, line, ()).ending(Revocation::of_project(PROJECT, at(5)))
    };
    store.decide_project(PROJECT, decide).await.unwrap();
    assert_eq!(store.project(PROJECT).await.unwrap().unwrap().not_before, Some(at(5)));
    assert_eq!(refresh(&store, session.id, (1, 1), at(6)).await.unwrap(), Err(RefreshRefused::Revoked));
    let shown = store.session(session.id).await.unwrap().unwrap();
    assert_eq!(shown.ending(), Some(Ended { at: at(5), reason: EndReason::NotBefore }));
    assert_eq!(
        exchange(&store, 2, 2, at(6)).await.unwrap(),
        Some(ExchangeDecision::Refuse(ExchangeRefused::Expired)),
        "nor does a sign-in of before open one"
    );
    assert_eq!(revoked(&store).await, [Revoked::Project(PROJECT)]);
    // A project that is put again, as at each start of a development service, does not lose it.
    store.put_project(project(PROJECT)).await.unwrap();
    assert_eq!(store.project(PROJECT).await.unwrap().unwrap().not_before, Some(at(5)));
    admit(&store, admission("user3@example.com", 3, at(7))).await.unwrap();
    assert!(matches!(exchange(&store, 3, 3, at(7)).await.unwrap(), Some(ExchangeDecision::Open(_))));
    assert!(
        refresh(&store, authmint_protocol::id::SessionId::from_bytes(bytes(3)), (1, 1), at(8))
            .await
            .unwrap()
            .is_ok()
    );
}

pub(crate) async fn operator_tokens_read_back_and_a_revoked_one_stays_revoked(backend: &Backend) {
    let store = seeded(backend).await;
    let token = OperatorTokenRecord {
        id: OperatorTokenId::from_bytes([1; 16]),
        hash: [7; 32],
        name: "console".into(),
        created_at: at(1),
        expires_at: Some(at(100)),
        last_used_at: None,
        revoked_at: None,
    };
    let put = |token: OperatorTokenRecord, kind: AuditKind| {
        move |_: Option<&OperatorTokenRecord>| {
            AdminDecision::put(token.clone(), AuditEvent::new(at(1), kind, None, Origin::COMMAND_LINE), ())
        }
    };
    let id = token.id;
    store.decide_operator_token(id, put(token.clone(), AuditKind::OperatorTokenCreated)).await.unwrap();
    assert_eq!(store.operator_token([7; 32]).await.unwrap(), Some(token.clone()));
    assert_eq!(store.operator_token([8; 32]).await.unwrap(), None);
    let revoked = OperatorTokenRecord { revoked_at: Some(at(9)), ..token.clone() };
    store.decide_operator_token(id, put(revoked.clone(), AuditKind::OperatorTokenRevoked)).await.unwrap();
    store.decide_operator_token(id, put(token, AuditKind::OperatorTokenCreated)).await.unwrap();
    assert_eq!(store.operator_tokens().await.unwrap(), [revoked]);
    let of_none = store.audit_events(EventFilter::default(), 10).await.unwrap();
    assert_eq!(of_none.len(), 3);
    assert!(
        of_none
            .iter()
            .all(|told| told.event.project_id.is_none() && told.event.origin.by == Actor::CommandLine)
    );
}

pub(crate) async fn the_last_showing_of_keys_and_tokens_only_moves_on(backend: &Backend) {
    let store = seeded(backend).await;
    let key = api_key([7; 32]);
    store.put_api_key(key.clone()).await.unwrap();
    let stray = Shown::OperatorToken(OperatorTokenId::from_bytes([9; 16]));
    for (seconds, then) in [(50, 50), (20, 50), (70, 70)] {
        store.note_shown(vec![(Shown::ApiKey(key.id), at(seconds)), (stray, at(seconds))]).await.unwrap();
        let found = store.api_key([7; 32]).await.unwrap().unwrap().0;
        assert_eq!(found.last_used_at, Some(at(then)));
    }
    store.put_api_key(key.clone()).await.unwrap();
    assert_eq!(store.api_keys(PROJECT).await.unwrap()[0].last_used_at, Some(at(70)), "a repeat keeps it");
}

pub(crate) async fn the_trail_is_filtered_read_page_by_page_and_purged_by_age(backend: &Backend) {
    let store = seeded(backend).await;
    let session = open_session(&store, 1).await;
    open_session(&store, 2).await;
    refresh(&store, session.id, (1, 1), at(400)).await.unwrap().unwrap();
    let read = async |filter: EventFilter| {
        let found = store.audit_events(filter, 100).await.unwrap();
        found.into_iter().map(|told| told.event.kind).collect::<Vec<_>>()
    };
    let all = EventFilter { project_id: Some(PROJECT), ..EventFilter::default() };
    use AuditKind::{SessionOpened, SignedIn, UserCreated};
    assert_eq!(read(all.clone()).await, [SessionOpened, SignedIn, UserCreated].repeat(2));
    assert_eq!(read(EventFilter { user_id: Some(session.user.id), ..all.clone() }).await.len(), 3);
    assert_eq!(read(EventFilter { session_id: Some(session.id), ..all.clone() }).await, [SessionOpened]);
    assert_eq!(read(EventFilter { kind: Some(UserCreated), ..all.clone() }).await, [UserCreated; 2]);
    let elsewhere = EventFilter { project_id: Some(ProjectId::from_bytes([9; 16])), ..all.clone() };
    assert_eq!(read(elsewhere).await, []);
    assert_eq!(read(EventFilter { since: Some(at(1)), ..all.clone() }).await, []);
    assert_eq!(read(EventFilter { until: Some(at(0)), ..all.clone() }).await, []);
    assert_eq!(read(EventFilter { since: Some(at(0)), until: Some(at(1)), ..all.clone() }).await.len(), 6);

    let (mut numbers, mut before_number) = (Vec::new(), None);
    loop {
        let page = store.audit_events(EventFilter { before_number, ..all.clone() }, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        before_number = Some(last.number);
        numbers.extend(page.iter().map(|told| told.number));
    }
    assert!(numbers.len() == 6 && numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
    let origin = &store.audit_events(all.clone(), 1).await.unwrap()[0].event.origin;
    assert_eq!((origin.by, origin.from.as_ref().map(|from| from.as_str())), (Actor::User, Some("192.0.2.7")));

    let purge =
        async |audit| store.purge(PurgeBefore { useless_since: at(0), audit }).await.unwrap().audit_events;
    assert_eq!((purge(None).await, purge(Some(at(0))).await), (0, 0), "kept for good, or not old enough");
    assert_eq!(purge(Some(at(1))).await, 6);
    assert_eq!(read(all).await, []);
    open_session(&store, 3).await;
    let next = &store.audit_events(EventFilter::default(), 1).await.unwrap()[0];
    assert!(
        next.number > numbers[0],
        "a number is never given twice, so a page never continues in the wrong place"
    );
}
