use crate::{
    backend::Backend,
    fixture::{PROJECT, at, bytes, open_session, project, refresh, seeded, sign_out},
};
use authmint_domain::{
    model::revocation::{Revoked, Stretch},
    port::{PurgeBefore, Purged, Store as _},
};
use authmint_protocol::id::{ProjectId, SessionId};
use authmint_store::Store;
use std::sync::Arc;

async fn stretch(store: &Store, position: Option<u64>, limit: u32) -> Stretch {
    store.revocations(PROJECT, position, limit, at(500)).await.unwrap()
}

fn sessions(stretch: &Stretch) -> Vec<SessionId> {
    let session = |what: &Revoked| match what {
        Revoked::Session(id) => *id,
        other => panic!("no session: {other:?}"),
    };
    stretch.entries.iter().map(|entry| session(&entry.what)).collect()
}

/// Opens the sessions of these numbers and ends them in order.
async fn end(store: &Store, numbers: std::ops::Range<u32>) -> Vec<SessionId> {
    let mut ended = Vec::new();
    for number in numbers {
        let id = open_session(store, number).await.id;
        sign_out(store, id, at(100)).await.unwrap();
        ended.push(id);
    }
    ended
}

pub(crate) async fn an_end_is_on_the_feed_with_its_commit_and_a_sign_out_of_an_ended_session_is_not(
    backend: &Backend,
) {
    let store = seeded(backend).await;
    let stolen = open_session(&store, 1).await.id;
    refresh(&store, stolen, (1, 1), at(200)).await.unwrap().unwrap();
    refresh(&store, stolen, (2, 1), at(400)).await.unwrap().unwrap();
    assert_eq!(stretch(&store, None, 9).await.entries, []);
    assert!(refresh(&store, stolen, (1, 1), at(450)).await.unwrap().is_err(), "a theft");
    sign_out(&store, stolen, at(460)).await.unwrap();
    let told = stretch(&store, None, 9).await;
    assert_eq!(sessions(&told), [stolen]);
    assert_eq!((told.entries[0].ended_at, told.snapshot, told.more), (at(450), true, false));
    assert!(told.entries[0].expires_at > at(450 + 3600));
    let expired = store.revocations(PROJECT, None, 9, told.entries[0].expires_at).await.unwrap();
    assert_eq!(expired.entries, [], "whatever it concerns is over anyway");
    drop(store);
    assert_eq!(stretch(&backend.open().await, None, 9).await, told, "and it outlives a restart");
}

pub(crate) async fn a_stretch_continues_where_the_last_one_ended_and_no_entry_is_missed(backend: &Backend) {
    let store = seeded(backend).await;
    let ended = end(&store, 0..5).await;
    let first = stretch(&store, None, 2).await;
    assert!(first.snapshot && first.more);
    let second = stretch(&store, Some(first.position), 2).await;
    assert!(!second.snapshot && second.more);
    let third = stretch(&store, Some(second.position), 2).await;
    assert!(!third.snapshot && !third.more);
    let seen: Vec<_> = [&first, &second, &third].into_iter().flat_map(sessions).collect();
    assert_eq!(seen, ended);
    assert_eq!(stretch(&store, Some(third.position), 2).await.entries, []);
    let later = end(&store, 5..6).await;
    assert_eq!(sessions(&stretch(&store, Some(third.position), 2).await), later);
}

pub(crate) async fn threat_s21_a_feed_that_cannot_be_continued_begins_anew(backend: &Backend) {
    let store = seeded(backend).await;
    end(&store, 0..3).await;
    let old = stretch(&store, None, 1).await.position;
    let last = stretch(&store, None, 9).await.position;
    let beyond = stretch(&store, Some(last + 10), 9).await;
    assert!(beyond.snapshot && beyond.entries.len() == 3, "a database that was restored to an older state");
    while store.purge(PurgeBefore { useless_since: at(86_400), audit: None }).await.unwrap()
        != Purged::default()
    {}
    let purged = stretch(&store, Some(old), 9).await;
    assert!(purged.snapshot && purged.position == last, "numbers are not given again");
    assert!(!stretch(&store, Some(last), 9).await.snapshot);
    let new = end(&store, 3..4).await;
    assert_eq!(sessions(&stretch(&store, Some(last), 9).await), new);
}

pub(crate) async fn a_project_sees_its_own_ends_alone(backend: &Backend) {
    let store = seeded(backend).await;
    let other = ProjectId::from_bytes([2; 16]);
    store.put_project(project(other)).await.unwrap();
    end(&store, 0..2).await;
    let told = store.revocations(other, None, 9, at(500)).await.unwrap();
    assert_eq!(told.entries, []);
    assert_eq!(told.position, stretch(&store, None, 9).await.position, "yet it keeps up");
}

pub(crate) async fn who_waits_for_the_feed_is_woken_by_a_commit(backend: &Backend) {
    let store = seeded(backend).await;
    let position = stretch(&store, None, 9).await.position;
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.revoked_beyond(position).await }
    });
    let id = open_session(&store, 7).await.id;
    refresh(&store, id, (1, 1), at(200)).await.unwrap().unwrap();
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "a rotation is no end");
    sign_out(&store, SessionId::from_bytes(bytes(7)), at(300)).await.unwrap();
    waiting.await.unwrap();
    // Whoever asks later does not wait for what has happened.
    store.revoked_beyond(position).await;
}
