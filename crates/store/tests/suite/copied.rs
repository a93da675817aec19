//! An installation moved from one database to the other and back: every session is alive, and nothing of it is other than before.

use crate::{
    backend::{Backend, postgres, sqlite_thread},
    fixture::{
        PROJECT, admission, api_key, at, audited, bytes, exchange, open_session, refresh, seeded, sign_out,
    },
};
use authmint_domain::{
    model::{
        limit::{Limit, LimitKey},
        one_time_secret::ExchangeDecision,
    },
    port::Store as _,
};
use authmint_protocol::id::SessionId;
use authmint_store::{CopiedTable, CopyError, Store};
use std::time::Duration;

/// Something of most kinds.
async fn lived_in(backend: &Backend) {
    let store = seeded(backend).await;
    store.put_api_key(api_key([7; 32])).await.unwrap();
    for number in 0..40 {
        open_session(&store, number).await;
    }
    for number in 0..20 {
        refresh(&store, SessionId::from_bytes(bytes(number)), (1, 1), at(200)).await.unwrap().unwrap();
    }
    for number in 30..33 {
        sign_out(&store, SessionId::from_bytes(bytes(number)), at(300)).await.unwrap();
    }
    store.admit(admission("late@example.com", 99, at(300))).await.unwrap();
    let limit = Limit { period: Duration::from_secs(60), burst: 3 };
    store.pay_limits(vec![(LimitKey::new("test", "x"), limit)], at(0)).await.unwrap().unwrap();
    store.add_ring_mark(3, [9; 32]).await.unwrap();
}

async fn copy(from: &Backend, to: &Backend) -> Result<Vec<CopiedTable>, CopyError> {
    let mut tables = Vec::new();
    authmint_store::copy(&from.url(), &to.url(), &from.options, |table| tables.push(table)).await?;
    Ok(tables)
}

async fn all_of(store: &Store) -> String {
    let mut all = String::new();
    for number in 0..40 {
        all += &format!("{:?}\n", store.session(SessionId::from_bytes(bytes(number))).await.unwrap());
    }
    all += &format!("{:?}\n", store.projects().await.unwrap());
    all += &format!("{:?}\n", store.api_keys(PROJECT).await.unwrap());
    all += &format!("{:?}\n", store.ring_marks().await.unwrap());
    all += &format!("{:?}\n", store.revocations(PROJECT, None, 100, at(300)).await.unwrap());
    all + &format!("{:?}\n", audited(store).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_and_back_every_session_lives_on() {
    let (first, there, back) = (sqlite_thread(), postgres(), sqlite_thread());
    lived_in(&first).await;
    let before = all_of(&first.open().await).await;
    let moved = copy(&first, &there).await.unwrap();
    let rows = |tables: &[CopiedTable], name| tables.iter().find(|table| table.name == name).unwrap().rows;
    assert_eq!((rows(&moved, "sessions"), rows(&moved, "session_states")), (40, 40));
    assert!(moved.iter().all(|table| table.copied == table.rows));
    let moved = there.open().await;
    assert_eq!(all_of(&moved).await, before);

    // It goes on there, and its feed behind the numbers that followers hold.
    let held = moved.revocations(PROJECT, None, 100, at(300)).await.unwrap().position;
    refresh(&moved, SessionId::from_bytes(bytes(1)), (2, 1), at(900)).await.unwrap().unwrap();
    sign_out(&moved, SessionId::from_bytes(bytes(2)), at(900)).await.unwrap();
    let told = moved.revocations(PROJECT, Some(held), 100, at(900)).await.unwrap();
    assert_eq!((told.entries.len(), told.snapshot), (1, false));
    let opened = exchange(&moved, 99, 99, at(301)).await.unwrap();
    assert!(
        matches!(opened, Some(ExchangeDecision::Open(_))),
        "a code that was entered before still opens a session"
    );
    let after = all_of(&moved).await;
    drop(moved);
    copy(&there, &back).await.unwrap();
    assert_eq!(all_of(&back.open().await).await, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_broken_off_goes_on_and_a_target_of_another_installation_is_found_out() {
    let (from, to) = (sqlite_thread(), postgres());
    lived_in(&from).await;
    let (source, target, options) = (from.url(), to.url(), from.options.clone());
    let broken_off = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let told = |table: CopiedTable| assert_ne!(table.name, "users", "the machine is switched off here");
        runtime.block_on(authmint_store::copy(&source, &target, &options, told))
    });
    assert!(broken_off.join().is_err());
    let again = copy(&from, &to).await.unwrap();
    let copied = |name| again.iter().find(|table| table.name == name).unwrap().copied;
    assert_eq!((copied("users"), copied("sessions")), (0, 40));

    let stranger = seeded(&to).await;
    open_session(&stranger, 77).await;
    drop(stranger);
    let refused = copy(&from, &to).await.unwrap_err();
    assert!(matches!(refused, CopyError::Differs { .. }), "{refused}");
    let missing = sqlite_thread();
    assert!(matches!(copy(&missing, &to).await.unwrap_err(), CopyError::Missing { .. }));
    assert!(!missing.path().exists(), "and none is made");
    assert!(matches!(copy(&from, &from).await.unwrap_err(), CopyError::Same));
}
