//! The store against the least that any store must do: durable rotations, 256 callers, 10,000 sessions.
//!
//! The bare loop commits the same statements on the same file in groups of as many as there are callers, with no
//! channel, no callers, no checks. Rounds of both are interleaved, so that the disk's mood is the same for both.

use crate::table::Row;
use authmint_domain::{
    model::{
        audit::Origin,
        one_time_secret::{ExchangeDecision, NewSession, OneTimeSecretRecord},
        policy::Policy,
        project::Project,
        rotation::Presented,
        session::{Device, Session},
        user::Proof,
    },
    port::{Admission, Store as _},
};
use authmint_protocol::{
    api_key::Environment,
    id::{OneTimeSecretId, ProjectId, SessionId, UserId},
    time::Timestamp,
};
use authmint_store::{Options, Store, StoreUrl};
use rusqlite::{Connection, config::DbConfig, params};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

const PROJECT: ProjectId = ProjectId::from_bytes([1; 16]);
pub(crate) const SESSIONS: u32 = 10_000;
pub(crate) const CALLERS: u32 = 256;
/// Turns of every caller in a round: together they rotate nearly every session once.
pub(crate) const TURNS: u32 = SESSIONS / CALLERS;
pub(crate) const ROTATIONS_A_ROUND: u32 = TURNS * CALLERS;
const ROUNDS: u32 = 9;
/// Longer than the settling time, so that every refresh rotates.
pub(crate) const STEP: Duration = Duration::from_secs(200);

/// Runs the comparison in the system's folder for temporary files and answers its rows.
///
/// # Panics
/// If a rotation is refused or lost, since that makes every figure worthless.
pub async fn run() -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths = ["store.db", "bare.db"].map(|name| folder.path().join(name));
    let store = seeded(&paths[0]).await;
    drop(seeded(&paths[1]).await);
    let bare = open_bare(&paths[1]);
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let start = now();
        bare_round(&bare);
        let between = now();
        store_round(&store, round + 1).await;
        let end = now();
        // The first round warms up.
        if round > 0 {
            rounds.push((rate(between, end), rate(start, between)));
        }
    }
    let ratio = median(rounds.iter().map(|(store, bare)| store / bare));
    let bare = median(rounds.iter().map(|(_, bare)| *bare));
    let store = median(rounds.iter().map(|(store, _)| *store));
    vec![
        Row::figure("store: durable rotations, 256 callers, 10,000 sessions", store, "/s"),
        Row::figure("bare loop: the same statements, committed in groups of 256", bare, "/s"),
        Row::figure("store / bare loop", ratio, "x").at_least(0.6).note("median of the rounds' ratios"),
    ]
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is about the time that passes")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn rate(start: Instant, end: Instant) -> f64 {
    f64::from(ROTATIONS_A_ROUND) / (end - start).as_secs_f64()
}

async fn seeded(path: &Path) -> Arc<Store> {
    let store =
        Store::open(&StoreUrl::Sqlite(path.to_owned()), &Options::default()).await.expect("the store opens");
    let store = Arc::new(store);
    seed(&store).await;
    store
}

fn id(number: u32) -> [u8; 16] {
    // As the service draws them: behind the time, a few within each millisecond, and no order among these.
    let spread = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
    let bits = spread[..10].try_into().expect("ten of sixteen bytes");
    *SessionId::drawn(Timestamp::from_unix_millis(1_795_000_000_000 + i64::from(number / 8)), bits).as_bytes()
}

pub(crate) async fn seed(store: &Arc<Store>) {
    let (policy, now) = (Policy::default(), Timestamp::EPOCH);
    let project = Project {
        id: PROJECT,
        name: "Bench".to_owned(),
        environment: Environment::Staging,
        policy,
        not_before: None,
        created_at: now,
    };
    store.put_project(project).await.expect("a project");
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for number in (caller..SESSIONS).step_by(CALLERS as usize) {
                    open_session(&store, number, now).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("seeded");
    }
}

/// The same, as text.
pub(crate) fn text_id(number: u32) -> String {
    SessionId::from_bytes(id(number)).to_string()
}

async fn open_session(store: &Store, number: u32, now: Timestamp) {
    let address = format!("someone-{number}@example.com");
    let secret_id = OneTimeSecretId::from_bytes(id(number));
    let proof = Proof {
        method: "email".into(),
        subject: address.clone(),
        email: Some(address),
        amr: "otp".into(),
        at: now,
    };
    let create = Some(UserId::from_bytes(id(number)));
    let admission = Admission {
        project_id: PROJECT,
        proof,
        create,
        secret_id,
        secret_expires_at: now.after(STEP),
        at: now,
        origin: Origin::SERVICE,
    };
    store.admit(admission).await.expect("admitted");
    let device = Device {
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned()),
        client: None,
    };
    let new = NewSession { id: SessionId::from_bytes(id(number)), device, from: None };
    let decide = move |record: &OneTimeSecretRecord, opened: Option<&Session>| {
        record.exchange(opened, new.clone(), &Policy::default(), now)
    };
    let decided = store.exchange(secret_id, now, Origin::SERVICE, decide).await.expect("exchanged");
    assert!(matches!(decided, Some(ExchangeDecision::Open(_))), "a session is opened");
}

/// Every caller rotates one session after another, each time with that session's current token.
pub(crate) async fn store_round(store: &Arc<Store>, generation: u32) {
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for turn in 0..TURNS {
                    let presented = Presented { generation, branch: 1 };
                    let now = Timestamp::EPOCH.after(STEP * generation);
                    let policy = Policy::default();
                    let decide = move |session: Option<&Session>| {
                        session.expect("a seeded session").refresh(presented, &policy, now)
                    };
                    let id = SessionId::from_bytes(id(turn * CALLERS + caller));
                    let reply =
                        store.decide_session(id, decide).await.expect("durable").expect("not refused");
                    assert_eq!(reply.token.generation, generation + 1, "every refresh rotates");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no rotation is lost");
    }
}

fn open_bare(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("the file opens");
    // As the store has it: else every bind prepares the look-up anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).expect("the option is known");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000",
        )
        .expect("the settings are taken");
    connection
}

fn bare_round(connection: &Connection) {
    const SELECT: &str = "SELECT s.project_id, s.user_id, s.method, s.amr, s.proven_at, s.user_agent, s.client,
            s.created_at, t.generation, t.branches_issued, t.rotated_at, t.parent_winner, t.sibling_branch,
            t.late_branch, t.late_branch_at, t.idle_expires_at, s.absolute_expires_at, t.ended_at, t.end_reason,
            u.id, u.project_id, u.email, u.created_at
        FROM sessions s JOIN session_states t ON t.session_id = s.id LEFT JOIN users u ON u.id = s.user_id
        WHERE s.id = ?1";
    const UPDATE: &str = "UPDATE session_states SET generation = ?1, branches_issued = ?2, rotated_at = ?3,
            parent_winner = ?4, sibling_branch = ?5, late_branch = ?6, late_branch_at = ?7, idle_expires_at = ?8
        WHERE session_id = ?9 AND generation = ?10 AND branches_issued = ?11 AND ended_at IS NULL";
    let mut select = connection.prepare_cached(SELECT).expect("the statement stands");
    let mut update = connection.prepare_cached(UPDATE).expect("the statement stands");
    for turn in 0..TURNS {
        connection.execute_batch("BEGIN IMMEDIATE").expect("it begins");
        for caller in 0..CALLERS {
            let id = id(turn * CALLERS + caller);
            let (generation, rotated_at): (u32, i64) =
                select.query_row([id], |row| Ok((row.get(8)?, row.get(10)?))).expect("a seeded session");
            let none = None::<u32>;
            let written = update
                .execute(params![
                    generation + 1,
                    1,
                    rotated_at + 200_000,
                    1,
                    none,
                    none,
                    none,
                    rotated_at,
                    id,
                    generation,
                    1
                ])
                .expect("written");
            assert_eq!(written, 1, "the guard holds");
        }
        connection.execute_batch("COMMIT").expect("durable");
    }
}
