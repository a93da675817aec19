//! Several processes on one PostgreSQL database: what one does holds for all, and none of them is missed.

mod killed;
mod people;

use crate::served::{Place, Served, code_in};
use authmint::{Auth, AuthOptions, Revocation, protocol::secret::SessionJwt};
use authmint_domain::model::{key_ring::KeyRing, refresh_token::mint_refresh_token};
use authmint_journeys_postgres::Server;
use authmint_protocol::{id::SessionId, refresh_token::unverified_session_id, secret::RefreshToken};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    time::Duration,
};
use tokio::task::JoinSet;

const DATABASE: &str = "authmint";

/// A database with its first session, and the processes' configuration.
struct Fleet {
    place: Place,
    key: String,
    project: String,
    ring: KeyRing,
    first: SessionId,
    mails: Mutex<Receiver<String>>,
}

impl Fleet {
    /// `url`: of the database, whichever servers it names.
    async fn start(url: &str, settings: &[&str]) -> Self {
        let place = Place::new();
        let ring = place.command("key-ring").arg("new").output().unwrap();
        let ring = String::from_utf8(ring.stdout).unwrap();
        std::fs::write(place.path("key-ring"), &ring).unwrap();
        let mails = place.configure_with_mail_on(url);
        let (project, key) = place.project_and_client_key();
        if !settings.is_empty() {
            place.run(&[&["project", "--json", "set", &project], settings].concat());
        }
        let replica = Served::start(&place);
        let token = replica.sign_in(&key, "user@example.com", &mails).await;
        let first = unverified_session_id(&RefreshToken::new(token)).unwrap();
        Self { place, key, project, ring: ring.trim().parse().unwrap(), first, mails: Mutex::new(mails) }
    }

    /// Copies the first session so many times: a thousand sign-ins would take longer than all that is to be shown.
    fn copy(&self, server: &Server, count: u32) -> Vec<SessionId> {
        let columns =
            "project_id, user_id, method, amr, proven_at, user_agent, client, opened_from, created_at,
            absolute_expires_at, email";
        let state = "generation, branches_issued, rotated_at, parent_winner, sibling_branch, late_branch,
            late_branch_at, idle_expires_at, ended_at, end_reason";
        let id = "lpad(to_hex(n), 32, '0')::uuid";
        server
            .query(
                DATABASE,
                &format!(
                    "INSERT INTO sessions (id, {columns}) SELECT {id}, {columns} FROM sessions, generate_series(1, {count}) n;
                    INSERT INTO session_states (session_id, {state}) SELECT {id}, {state} FROM session_states,
                        generate_series(1, {count}) n WHERE session_id = '{}'",
                    self.first
                ),
            )
            .unwrap();
        (1..=count).map(|number| SessionId::from_bytes(u128::from(number).to_be_bytes())).collect()
    }

    /// A server's key that may follow the feed.
    fn feed_key(&self) -> String {
        let scope = ["--usage", "server", "--scope", "feed.read"];
        let made =
            self.place.run(&[&["key", "--json", "create", "--project", &self.project], &scope[..]].concat());
        made["key"].as_str().unwrap().to_owned()
    }

    /// The code of the mail to this address: it came before the service said that it was sent.
    fn mailed_code(&self, email: &str) -> String {
        let mails = self.mails.lock().unwrap();
        loop {
            let mail = mails.try_recv().expect("a mail to this address");
            if mail.contains(email) {
                return code_in(email, &mail);
            }
        }
    }

    fn token(&self, session: SessionId) -> String {
        let project = self.project.parse().unwrap();
        mint_refresh_token(&self.ring, project, session, 1, 1).reveal().to_owned()
    }
}

/// A refresh: the successor, or the status and code of a refusal; none if the process went away meanwhile.
async fn refresh(replica: &Served, key: &str, token: &str) -> Option<Result<String, (u16, String)>> {
    let (status, answer) = replica.try_call(key, "refresh", &json!({ "refresh": token })).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(match status {
        200 => Ok(text(&answer["refresh"]["secret"])),
        _ => Err((status, text(&answer["code"]))),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_refreshes_of_one_token_over_two_replicas_are_one_rotation() {
    const SESSIONS: u32 = 1000;
    let server = Server::start().unwrap();
    let fleet = Arc::new(Fleet::start(&server.create_database(DATABASE).unwrap(), &[]).await);
    let sessions = fleet.copy(&server, SESSIONS);
    // Past the settle period of their opening, so that a refresh rotates.
    server.query(DATABASE, "UPDATE session_states SET rotated_at = rotated_at - 3600000").unwrap();
    let written = || -> u32 {
        server.query(DATABASE, "SELECT pg_stat_force_next_flush()").unwrap();
        let count = "SELECT sum(generation) - count(*) FROM session_states";
        server.query(DATABASE, count).unwrap().trim().parse().unwrap()
    };
    assert_eq!(written(), 0);
    let replicas = [Served::start(&fleet.place), Served::start(&fleet.place)].map(Arc::new);
    let mut storms = JoinSet::new();
    // A few storms at a time: more would only wait in the accept queue.
    let turns = Arc::new(tokio::sync::Semaphore::new(8));
    for session in sessions {
        let (fleet, replicas, turns) = (Arc::clone(&fleet), replicas.clone(), Arc::clone(&turns));
        storms.spawn(async move {
            let _turn = turns.acquire_owned().await.unwrap();
            let token = fleet.token(session);
            let mut answers = JoinSet::new();
            for number in 0..50 {
                let (replica, key, token) =
                    (Arc::clone(&replicas[number % 2]), fleet.key.clone(), token.clone());
                answers.spawn(async move { refresh(&replica, &key, &token).await.unwrap() });
            }
            let answers: HashSet<_> = answers.join_all().await.into_iter().map(Result::unwrap).collect();
            assert_eq!(answers.len(), 1, "one successor");
            assert!(!answers.contains(&token), "and another one than before");
        });
    }
    while let Some(storm) = storms.join_next().await {
        storm.unwrap();
    }
    assert_eq!(written(), SESSIONS, "one rotation a storm");
    let ended =
        server.query(DATABASE, "SELECT count(*) FROM session_states WHERE ended_at IS NOT NULL").unwrap();
    assert_eq!(ended.trim(), "0", "nobody was signed out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_moves_to_postgresql_with_its_sessions_and_a_restored_one_ends_them() {
    let server = Server::start().unwrap();
    let url = server.create_database(DATABASE).unwrap();
    let place = Place::new();
    let mails = place.configure_with_mail();
    let (project, key) = place.project_and_client_key();
    place.run(&["project", "--json", "set", &project, "--settle", "0"]);
    let on_a_file = Served::start(&place);
    let token = on_a_file.sign_in(&key, "user@example.com", &mails).await;
    let token = refresh(&on_a_file, &key, &token).await.unwrap().unwrap();
    assert_eq!(on_a_file.terminate().code(), Some(0));

    let from = format!("sqlite:{}", place.path("data/authmint.db").display());
    let told = place.refused(&["copy", "--from", &from, "--to", "postgres://me:hunter2@db/x?sslmode=prefer"]);
    assert!(told.contains("--to: sslmode is verify-full") && !told.contains("hunter2"), "{told}");
    place.run(&["copy", "--from", &from, "--to", &url]);
    place.run(&["copy", "--from", &from, "--to", &url]);
    let text = std::fs::read_to_string(place.path("authmint.toml")).unwrap();
    place.write(&text.replace(&from, &url));
    place.run(&["migrate"]);
    let on_postgres = Served::start(&place);
    let next = refresh(&on_postgres, &key, &token).await.unwrap().unwrap();
    assert_ne!(next, token, "the session goes on, and rotates");
    assert_eq!(on_postgres.terminate().code(), Some(0));

    let told = place.refused(&["backup", "/nowhere"]);
    assert!(told.contains("PostgreSQL is backed up by its own programs"), "{told}");
    place.run(&["restore", "--end-sessions-before", "now"]);
    let restored = Served::start(&place);
    let refused = refresh(&restored, &key, &next).await.unwrap();
    assert_eq!(refused, Err((401, "session_revoked".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_replica_ends_is_told_by_the_feed_of_the_other() {
    let server = Server::start().unwrap();
    let fleet = Fleet::start(&server.create_database(DATABASE).unwrap(), &[]).await;
    let (ends, tells) = (Served::start(&fleet.place), Served::start(&fleet.place));
    let key = fleet.feed_key();
    let feed = async |query: String| tells.get_as(&key, &format!("/api/v1/revocations?{query}")).await;
    let snapshot = feed(String::new()).await;
    let cursor = snapshot["cursor"].as_str().unwrap();
    assert_eq!(snapshot["entries"], json!([]));
    let told = feed(format!("cursor={cursor}&wait_s=25"));
    let ended = async {
        let token = fleet.token(fleet.first);
        assert_eq!(ends.call(&fleet.key, "logout", &json!({ "refresh": token })).await.0, 200);
    };
    let (told, ()) = tokio::join!(told, ended);
    assert_eq!(told["entries"][0]["id"], fleet.first.to_string(), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_replica_ends_is_refused_within_two_seconds_by_a_server_that_follows_the_other() {
    let server = Server::start().unwrap();
    let fleet = Fleet::start(&server.create_database(DATABASE).unwrap(), &[]).await;
    let (ends, tells) = (Served::start(&fleet.place), Served::start(&fleet.place));
    let key = fleet.feed_key();
    let options = AuthOptions::new(key).base_url(tells.url("")).issuer("http://localhost:8420");
    let app = Auth::new(options.revocation(Revocation::Required)).unwrap();
    let token = fleet.token(fleet.first);
    let (_, answer) = ends.call(&fleet.key, "refresh", &json!({ "refresh": token })).await;
    let jwt = || Some(SessionJwt::new(answer["jwt"].as_str().unwrap().to_owned()));
    let served = async || app.get_session_with(jwt(), None).await.is_ok();
    // It follows from its first request on, and serves once it has caught up.
    while !served().await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let token = answer["refresh"]["secret"].as_str().unwrap();
    assert_eq!(ends.call(&fleet.key, "logout", &json!({ "refresh": token })).await.0, 200);
    let refused = async {
        while served().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), refused).await.expect("refused within two seconds");
    let error = app.get_session_with(jwt(), None).await.unwrap_err();
    assert_eq!(error.code(), "session_revoked", "for its end, and not because nothing is heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_beside_replicas_that_serve_signs_nobody_out() {
    let server = Server::start().unwrap();
    let fleet = Arc::new(Fleet::start(&server.create_database(DATABASE).unwrap(), &killed::ROTATING).await);
    let old = Arc::new(Served::start(&fleet.place));
    // As the database was before the last migration: to the process that runs there is no difference.
    let before =
        "DROP INDEX sessions_of_user; CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id);
        DELETE FROM migrations WHERE name = '0008_sessions_by_user'";
    server.query(DATABASE, before).unwrap();
    let held = killed::jars(&fleet, &server, 16);
    let replicas = Arc::new([(); 2].map(|()| std::sync::RwLock::new(Arc::clone(&old))));
    let over = Arc::new(AtomicBool::new(false));
    let migrating = {
        let (fleet, replicas, over) = (Arc::clone(&fleet), Arc::clone(&replicas), Arc::clone(&over));
        tokio::task::spawn_blocking(move || {
            std::thread::sleep(Duration::from_millis(500));
            fleet.place.run(&["migrate"]);
            // From here on half of the calls are a new process's.
            *replicas[1].write().unwrap() = Arc::new(Served::start(&fleet.place));
            std::thread::sleep(Duration::from_millis(500));
            over.store(true, Ordering::Relaxed);
        })
    };
    let (people, (mut held, rotations)) = tokio::join!(
        people::sign_in(&fleet, &replicas, &over),
        killed::storm(&fleet, &replicas, held, &over)
    );
    migrating.await.unwrap();
    assert!(rotations > 100 && !people.is_empty(), "{rotations} rotations, {} sign-ins", people.len());
    for jar in &mut held {
        assert_eq!(killed::check(&replicas, &fleet.key, jar).await, Ok(()));
    }
    for mut person in people {
        assert_eq!(people::check(&fleet, &replicas, &mut person).await, Ok(()));
    }
    let applied = "SELECT count(*) FROM migrations WHERE name = '0008_sessions_by_user'";
    assert_eq!(server.query(DATABASE, applied).unwrap().trim(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_one_key_ring_or_do_not_run() {
    let server = Server::start().unwrap();
    let url = server.create_database(DATABASE).unwrap();
    let fleet = Fleet::start(&url, &[]).await;
    let running = Served::start(&fleet.place);
    let other = Place::new();
    let _mails = other.configure_with_mail_on(&url);
    let told = other.refused(&["serve"]);
    assert!(told.contains("all replicas on one PostgreSQL database share one"), "{told}");
    let ring = other.command("key-ring").arg("new").output().unwrap();
    std::fs::write(other.path("key-ring"), ring.stdout).unwrap();
    let told = other.refused(&["serve"]);
    assert!(told.contains("this key ring did not write this database"), "{told}");
    assert_eq!(running.get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_it_is_said_and_nobody_is_signed_out_and_it_comes_back_by_itself() {
    let mut server = Server::start().unwrap();
    let fleet = Fleet::start(&server.create_database(DATABASE).unwrap(), &["--settle", "0"]).await;
    fleet.place.add("database_patience = 1\n");
    let replica = Served::start(&fleet.place);
    let token = refresh(&replica, &fleet.key, &fleet.token(fleet.first)).await.unwrap().unwrap();
    server.kill_hard();
    assert_eq!(replica.get("/healthz").await.0, 200, "the process lives");
    assert_eq!(replica.get("/readyz").await.0, 503, "and says that it cannot work");
    let refused = refresh(&replica, &fleet.key, &token).await.unwrap().unwrap_err();
    assert_eq!(refused.0, 503, "a fault of the service is never told as a fault of the session");
    server.restart().unwrap();
    let next = refresh(&replica, &fleet.key, &token).await.unwrap().unwrap();
    assert_ne!(next, token);
    assert_eq!(replica.get("/readyz").await.0, 200);
}
