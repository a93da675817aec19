//! What the embedded database must do beside the contract: files, faults of the disk, broken rows.

use crate::{
    backend::{Backend, sqlite_inline, sqlite_thread},
    fixture::{
        PROJECT, admission, admit, at, at_once, audited, open_session, project, refresh, seeded, sign_out,
    },
};
use authmint_domain::{
    model::{
        project::Project,
        revocation::{Revoked, Stretch},
        session::{Decision, Session},
        signing_key::KeyState,
    },
    port::{Admitted, Store as _, StoreError},
};
use authmint_protocol::id::{ProjectId, SessionId};
use authmint_store::{OpenError, Options, SqliteStore, Store, StoreUrl, Writer};
use rusqlite::Connection;
use std::{future::poll_fn, sync::Arc, task::Poll};

fn raw(backend: &Backend, sql: &str) {
    raw_connection(backend).execute_batch(sql).unwrap();
}

fn raw_connection(backend: &Backend) -> Connection {
    Connection::open(backend.path()).unwrap()
}

async fn open_error(backend: &Backend) -> OpenError {
    Store::open(&backend.url(), &backend.options).await.err().expect("it is refused")
}

#[cfg(unix)]
#[tokio::test]
async fn file_log_and_folder_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let backend = sqlite_thread();
    let _store = seeded(&backend).await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&backend.path()), 0o600);
    assert_eq!(mode(&backend.path().with_extension("db-wal")), 0o600);
    assert_eq!(mode(backend.path().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_storm_of_fifty_on_one_token_is_one_write() {
    let backend = sqlite_thread();
    let store = seeded(&backend).await;
    let id = open_session(&store, 1).await.id;
    raw(
        &backend,
        "CREATE TABLE writes (at INTEGER);
         CREATE TRIGGER counted AFTER UPDATE ON session_states BEGIN INSERT INTO writes VALUES (new.rotated_at); END",
    );
    at_once(50, |_| {
        let store = Arc::clone(&store);
        async move { refresh(&store, id, (1, 1), at(200)).await.unwrap().unwrap() }
    })
    .await;
    let writes: i64 =
        raw_connection(&backend).query_row("SELECT count(*) FROM writes", [], |row| row.get(0)).unwrap();
    assert_eq!(writes, 1);
}

#[tokio::test]
async fn an_answer_without_a_change_writes_nothing_to_the_log() {
    let backend = sqlite_thread();
    let store = seeded(&backend).await;
    let id = open_session(&store, 1).await.id;
    let log = || std::fs::metadata(backend.path().with_extension("db-wal")).unwrap().len();
    let before = log();
    refresh(&store, id, (1, 1), at(100)).await.unwrap().unwrap();
    store.ready().await.unwrap();
    assert_eq!(log(), before);
    refresh(&store, id, (1, 1), at(200)).await.unwrap().unwrap();
    assert!(log() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_copied_beside_the_writer_and_begun_anew() {
    let mut backend = sqlite_thread();
    backend.options.log_pages = 2000;
    let store = seeded(&backend).await;
    // The first salt in its header is counted up whenever SQLite begins the log anew: https://www.sqlite.org/fileformat2.html#walformat
    let begun = || {
        let log = std::fs::read(backend.path().with_extension("db-wal")).unwrap();
        u32::from_be_bytes(log[16..20].try_into().unwrap())
    };
    let before = begun();
    at_once(300, |number| {
        let store = Arc::clone(&store);
        async move { open_session(&store, number).await }
    })
    .await;
    // Each of these is a page: the writer alone would begin anew after some 6,000 of them.
    let mut written = 0;
    while begun() == before {
        written += 1;
        assert!(written < 2000, "the log only grows");
        store.put_project(Project { name: written.to_string(), ..project(PROJECT) }).await.unwrap();
    }
    let counts = store.write_counts();
    assert!(counts.groups >= written && counts.writes > counts.groups && counts.undone == 0, "{counts:?}");
}

#[tokio::test]
async fn a_row_that_is_not_as_it_was_read_is_not_acknowledged() {
    let backend = sqlite_thread();
    let store = seeded(&backend).await;
    let session = open_session(&store, 1).await;
    raw(&backend, "CREATE TRIGGER held BEFORE UPDATE ON session_states BEGIN SELECT raise(IGNORE); END");
    let refused = refresh(&store, session.id, (1, 1), at(200)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    let trail = audited(&store).await;
    assert!(sign_out(&store, session.id, at(200)).await.is_err());
    assert_eq!(audited(&store).await, trail, "no event without its change");
    assert_eq!(store.session(session.id).await.unwrap(), Some(session));
}

#[tokio::test]
async fn a_failing_commit_acknowledges_nothing_and_the_writer_goes_on() {
    for backend in [sqlite_thread(), sqlite_inline()] {
        let store = seeded(&backend).await;
        let (first, second) = (open_session(&store, 1).await, open_session(&store, 2).await);
        // A row that is only checked at COMMIT: every statement succeeds, the transaction does not.
        raw(
            &backend,
            "CREATE TABLE doom (project BLOB REFERENCES projects DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER doomed AFTER UPDATE ON session_states BEGIN INSERT INTO doom VALUES (x'00'); END",
        );
        let outcomes = at_once(32, |task| {
            let (store, id) = (Arc::clone(&store), if task % 2 == 0 { first.id } else { second.id });
            // Even tasks rotate, odd ones are answered from a young row: those must not be dragged down.
            async move { refresh(&store, id, (1, 1), at(if task % 2 == 0 { 200 } else { 100 })).await }
        })
        .await;
        for (task, outcome) in outcomes.into_iter().enumerate() {
            assert_eq!(matches!(outcome, Err(StoreError::Unavailable { .. })), task % 2 == 0, "{outcome:?}");
        }
        assert_eq!(store.session(first.id).await.unwrap(), Some(first.clone()));

        raw(&backend, "DROP TRIGGER doomed");
        refresh(&store, first.id, (1, 1), at(200)).await.unwrap().unwrap();
        assert_eq!(store.session(first.id).await.unwrap().unwrap().rotation.generation, 2);
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing_and_room_lets_it_go_on() {
    let mut backend = sqlite_thread();
    backend.options.most_pages = Some(64);
    let store = seeded(&backend).await;
    let session = open_session(&store, 0).await;
    let mut admitted = Vec::new();
    let full = loop {
        let number = u32::try_from(admitted.len()).unwrap() + 1;
        match store.admit(admission(&format!("user{number}@example.com"), number, at(0))).await {
            Ok(Admitted::In(user)) => admitted.push(user),
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
        assert!(admitted.len() < 10_000, "the quota is never reached");
    };
    assert!(matches!(full, StoreError::Unavailable { .. }), "{full:?}");
    for user in &admitted {
        assert_eq!(store.user(PROJECT, user.id).await.unwrap().as_ref(), Some(user));
    }
    let trail = audited(&store).await.len();
    assert!(trail >= admitted.len().min(500), "{trail}");
    assert!(refresh(&store, session.id, (1, 1), at(100)).await.unwrap().is_ok(), "reading goes on");

    raw(&backend, "DELETE FROM audit_events; DELETE FROM one_time_secrets");
    let next = admission("after@example.com", 50_000, at(1));
    assert!(admit(&store, next).await.is_some());
    assert!(refresh(&store, session.id, (1, 1), at(200)).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_broken_row_is_named_and_leaves_the_others_alone() {
    let faults = [
        ("session_states SET generation = -1 WHERE session_id", "generation"),
        ("session_states SET branches_issued = 0 WHERE session_id", "branches_issued"),
        ("session_states SET parent_winner = 4294967296 WHERE session_id", "parent_winner"),
        ("session_states SET late_branch = 2 WHERE session_id", "late_branch_at"),
        ("session_states SET ended_at = 5 WHERE session_id", "end_reason"),
        ("session_states SET ended_at = 5, end_reason = 'because' WHERE session_id", "end_reason"),
        ("sessions SET project_id = x'01' WHERE id", "project_id"),
        ("sessions SET user_id = x'01' WHERE id", "user_id"),
    ];
    for (fault, column) in faults {
        let backend = sqlite_thread();
        let store = seeded(&backend).await;
        let (broken, whole) = (open_session(&store, 1).await, open_session(&store, 2).await);
        raw_connection(&backend)
            .execute_batch(&format!(
                "PRAGMA foreign_keys = OFF; UPDATE {fault} = x'{}'",
                broken.id.to_string().replace('-', "")
            ))
            .unwrap();
        let outcomes = at_once(16, |task| {
            let (store, id) = (Arc::clone(&store), if task == 5 { broken.id } else { whole.id });
            async move { refresh(&store, id, (1, 1), at(200)).await }
        })
        .await;
        for (task, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Err(StoreError::BrokenRow { table: t, column: c, row, .. }) => {
                    assert_eq!((task, t, c), (5, "sessions", column), "{fault}");
                    assert_eq!(row, broken.id.to_string());
                }
                outcome => assert!(task != 5 && outcome.unwrap().is_ok(), "{fault}"),
            }
        }
        assert!(matches!(store.session(broken.id).await, Err(StoreError::BrokenRow { .. })));
    }
}

#[tokio::test]
async fn files_of_others_are_refused_and_left_as_they_are() {
    let text = sqlite_thread();
    std::fs::create_dir_all(text.path().parent().unwrap()).unwrap();
    std::fs::write(text.path(), "not a database, but long enough to be taken for one ".repeat(100)).unwrap();
    let before = std::fs::read(text.path()).unwrap();
    assert!(matches!(open_error(&text).await, OpenError::Foreign { .. }));
    assert_eq!(std::fs::read(text.path()).unwrap(), before);

    let other = sqlite_thread();
    std::fs::create_dir_all(other.path().parent().unwrap()).unwrap();
    raw(&other, "CREATE TABLE recipes (name TEXT)");
    let before = std::fs::read(other.path()).unwrap();
    assert!(matches!(open_error(&other).await, OpenError::Foreign { .. }));
    assert_eq!(std::fs::read(other.path()).unwrap(), before);
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let backend = sqlite_thread();
    drop(seeded(&backend).await);
    raw(&backend, "INSERT INTO migrations (name, hash) VALUES ('9999_from_the_future', x'00')");
    assert!(
        matches!(open_error(&backend).await, OpenError::Newer { migration } if migration == "9999_from_the_future")
    );
    raw(&backend, "DELETE FROM migrations WHERE name LIKE '9999%'; UPDATE migrations SET hash = x'00'");
    assert!(matches!(open_error(&backend).await, OpenError::Altered { .. }));
}

#[tokio::test]
async fn a_place_where_no_file_can_be_made_is_named() {
    let backend = sqlite_thread();
    std::fs::create_dir_all(backend.path()).unwrap();
    let url = StoreUrl::Sqlite(backend.path().join("below/authmint.db"));
    assert!(Store::open(&url, &Options::default()).await.is_ok(), "missing folders are made");
    std::fs::write(backend.path().join("file"), "").unwrap();
    let url = StoreUrl::Sqlite(backend.path().join("file/authmint.db"));
    assert!(matches!(Store::open(&url, &Options::default()).await, Err(OpenError::File { .. })));
    assert!(Store::open(&backend.url(), &Options::default()).await.is_err(), "a folder is no file");
}

#[tokio::test]
async fn a_lock_held_by_another_process_is_waited_for_and_then_told() {
    let mut backend = sqlite_thread();
    backend.options.busy_timeout = std::time::Duration::from_millis(1);
    let store = seeded(&backend).await;
    let other = raw_connection(&backend);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable { .. })));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.ready().await, Ok(()));
}

#[tokio::test]
async fn what_was_accepted_is_done_before_the_store_is_gone_even_if_its_caller_left() {
    let backend = sqlite_thread();
    let store = seeded(&backend).await;
    let id = open_session(&store, 1).await.id;
    {
        let mut call = Box::pin(refresh(&store, id, (1, 1), at(200)));
        // Polled once, the call is accepted; then its caller leaves.
        poll_fn(|context| {
            let _either_way = call.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
    }
    drop(store);
    let session = backend.open().await.session(id).await.unwrap().unwrap();
    assert_eq!(session.rotation.generation, 2);
}

#[test]
fn without_a_thread_a_write_is_done_when_its_call_is_first_polled() {
    let backend = sqlite_inline();
    assert_eq!(backend.options.writer, Writer::Inline);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let store = SqliteStore::open(&backend.path(), &backend.options).unwrap();
    let call = store.decide_session(SessionId::from_bytes([0; 16]), |session: Option<&Session>| {
        Decision::keep(session.is_none())
    });
    assert_eq!(std::pin::pin!(call).poll(&mut context), Poll::Ready(Ok(true)));
}

/// A file as the first migration alone left it.
fn of_the_first_migration() -> (Backend, Connection) {
    let backend = sqlite_thread();
    std::fs::create_dir(backend.path().parent().unwrap()).unwrap();
    let first = include_str!("../../migrations/sqlite/0001_sign_in_and_sessions.sql");
    raw(&backend, first);
    let connection = raw_connection(&backend);
    let hash = authmint_domain::model::key_ring::sha256(first.as_bytes());
    connection
        .execute_batch(
            "PRAGMA application_id = 0x616d6e74;
             CREATE TABLE migrations (name TEXT NOT NULL PRIMARY KEY, hash BLOB NOT NULL) STRICT",
        )
        .unwrap();
    let applied = "INSERT INTO migrations VALUES ('0001_sign_in_and_sessions', ?1)";
    connection.execute(applied, [hash]).unwrap();
    (backend, connection)
}

#[tokio::test]
async fn a_session_of_before_knows_its_users_address_and_goes_on() {
    let (backend, connection) = of_the_first_migration();
    let id = |last: u8| format!("x'{}{last:02x}'", "11".repeat(15));
    connection
        .execute_batch(&format!(
            "INSERT INTO projects VALUES ({0}, 'shop', 'development', '{{}}', 0);
             INSERT INTO users VALUES ({1}, {0}, 'ada@example.com', 0);
             INSERT INTO users VALUES ({2}, {0}, NULL, 0);
             INSERT INTO sessions VALUES ({3}, {0}, {1}, 'email', 'otp', 0, NULL, NULL, 0, 1, 1, 0, 1, NULL, NULL, NULL,
                4102444800000, 4102444800000, NULL, NULL);
             INSERT INTO sessions VALUES ({4}, {0}, {2}, 'issuer:x', 'fed', 0, NULL, NULL, 0, 1, 1, 0, 1, NULL, NULL, NULL,
                4102444800000, 4102444800000, NULL, NULL);",
            id(1), id(2), id(3), id(4), id(5)
        ))
        .unwrap();
    drop(connection);
    let store = backend.open().await;
    for (last, email) in [(4, Some("ada@example.com")), (5, None)] {
        let mut bytes = [0x11; 16];
        bytes[15] = last;
        let id = SessionId::from_bytes(bytes);
        assert_eq!(store.session(id).await.unwrap().unwrap().user.email.as_deref(), email);
        assert!(refresh(&store, id, (1, 1), at(200)).await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn the_key_of_a_database_of_before_signs_on_and_its_forerunners_are_retired() {
    let (backend, connection) = of_the_first_migration();
    for (kid, created) in [("old", 1_000), ("new", 2_000)] {
        // The example key of RFC 7515, appendix A.3.
        let jwk = format!(
            r#"{{"kty":"EC","crv":"P-256","kid":"{kid}","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}}"#
        );
        let insert = "INSERT INTO signing_keys VALUES (?1, ?2, X'01', ?3)";
        connection.execute(insert, (kid, jwk, created)).unwrap();
    }
    drop(connection);
    let read = backend.open().await.signing_keys().await.unwrap();
    let states: Vec<_> = read.keys.iter().map(|key| (key.kid.as_str(), key.state.clone())).collect();
    let since = authmint_protocol::time::Timestamp::from_unix_millis(2_000);
    let active = KeyState::Active { since, sealed: vec![1] };
    assert_eq!(states, [("new", active), ("old", KeyState::Retired { at: since })]);
}

#[tokio::test]
async fn entries_of_every_kind_read_back_and_those_of_no_project_are_every_projects() {
    let backend = sqlite_thread();
    let store = seeded(&backend).await;
    let user = "6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a";
    let insert = |project: &str, kind: &str, id: &str| {
        let at = at(100).unix_millis();
        raw(
            &backend,
            &format!(
                "INSERT INTO revocations (project_id, kind, id, reason, ended_at, expires_at)
                    VALUES ({project}, '{kind}', '{id}', 'test', {at}, {at} + 3660000)"
            ),
        );
    };
    insert("x'01010101010101010101010101010101'", "user", user);
    insert("NULL", "key", "a-kid");
    let told = |project| store.revocations(project, None, 9, at(200));
    let whats = |told: Stretch| told.entries.into_iter().map(|entry| entry.what).collect::<Vec<_>>();
    let key = Revoked::Key("a-kid".to_owned());
    assert_eq!(whats(told(PROJECT).await.unwrap()), [Revoked::User(user.parse().unwrap()), key.clone()]);
    assert_eq!(whats(told(ProjectId::from_bytes([9; 16])).await.unwrap()), [key]);
    insert("NULL", "moon", "x");
    let broken = told(PROJECT).await.unwrap_err();
    assert!(matches!(broken, StoreError::BrokenRow { table: "revocations", column: "id", .. }), "{broken}");
}
