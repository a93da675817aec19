//! PostgreSQL, on the same machine: gathered rotations beside one statement for each, and the service beside a route that only signs.

use crate::{
    load::{self, Outcome},
    service::{self, median},
    store::{self, CALLERS, ROTATIONS_A_ROUND, SESSIONS, STEP, TURNS},
    table::Row,
};
use authmint_journeys_postgres::Server;
use authmint_protocol::time::Timestamp;
use authmint_store::{Options, Store, StoreUrl};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio_postgres::{Client, NoTls};

const ROUNDS: u32 = 7;
const ROUND: Duration = Duration::from_secs(2);
/// Connections that single statements are spread over.
const POOL: usize = 16;

/// Starts a server and answers the comparison's rows.
///
/// # Panics
/// If a rotation is refused or lost, since that makes every figure worthless.
pub async fn run() -> Vec<Row> {
    let server = Server::with_settings(&["shared_buffers=512MB", "max_wal_size=4GB"])
        .expect("PostgreSQL is installed");
    let mut rows = rotations(&server).await;
    rows.extend(over_http(&server).await);
    rows
}

async fn rotations(server: &Server) -> Vec<Row> {
    let url = server.create_database("store").expect("a database");
    let store = open(&url).await;
    store::seed(&store).await;
    let pool = connected(&url).await;
    let (before, wal) = (store.write_counts(), position(server));
    let (mut rounds, mut gathered) = (Vec::new(), 0);
    for round in 0..=ROUNDS {
        let start = store::now();
        // Generations go on from where the other left them.
        single_round(&pool, 2 * round + 1).await;
        let between = store::now();
        store::store_round(&store, 2 * round + 2).await;
        let end = store::now();
        gathered += u64::from(ROTATIONS_A_ROUND);
        // The first round warms up.
        if round > 0 {
            rounds.push((store::rate(between, end), store::rate(start, between)));
        }
    }
    let after = store.write_counts();
    let groups = (after.groups - before.groups) as f64;
    let written = (position(server) - wal) / (2.0 * gathered as f64);
    vec![
        Row::figure(
            "PostgreSQL: durable rotations, 256 callers, 10,000 sessions",
            median(rounds.iter().map(|(store, _)| *store)),
            "/s",
        )
        .note(format!(
            "{:.0} a transaction; WAL of both ways {written:.0} bytes a rotation",
            gathered as f64 / groups
        )),
        Row::figure(
            "PostgreSQL: one statement a rotation, pool of 16",
            median(rounds.iter().map(|(_, single)| *single)),
            "/s",
        ),
        Row::figure(
            "PostgreSQL: gathered / single",
            median(rounds.iter().map(|(store, single)| store / single)),
            "x",
        )
        .at_least(4.0)
        .note("three round trips a transaction, one write a rotation"),
    ]
}

async fn open(url: &str) -> Arc<Store> {
    let url: StoreUrl = url.parse().expect("a URL");
    Arc::new(Store::open(&url, &Options::default()).await.expect("the store opens"))
}

/// Where the write-ahead log stands, in bytes.
fn position(server: &Server) -> f64 {
    let position = server.query("postgres", "SELECT pg_current_wal_lsn() - '0/0'").expect("an answer");
    position.trim().parse().expect("a number")
}

async fn connected(url: &str) -> Arc<Vec<Client>> {
    let mut pool = Vec::new();
    for _ in 0..POOL {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        pool.push(client);
    }
    Arc::new(pool)
}

/// What a service without gathering, and without a decision between read and write, would do: the guarded write alone.
async fn single_round(pool: &Arc<Vec<Client>>, generation: u32) {
    const UPDATE: &str = "UPDATE session_states SET generation = $2, branches_issued = 1, rotated_at = $3,
            parent_winner = 1, idle_expires_at = $4
        WHERE session_id = $1::text::uuid AND generation = $5 AND ended_at IS NULL";
    let next = Arc::new(AtomicU64::new(0));
    let at = Timestamp::EPOCH.after(STEP * generation).unix_millis();
    let workers: Vec<_> = (0..POOL)
        .map(|worker| {
            let (pool, next) = (Arc::clone(pool), Arc::clone(&next));
            tokio::spawn(async move {
                let client = &pool[worker];
                let update = client.prepare(UPDATE).await.expect("the statement stands");
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= u64::from(TURNS * CALLERS) {
                        break;
                    }
                    let id = store::text_id(u32::try_from(number).expect("a session's number"));
                    let (was, is) = (i64::from(generation), i64::from(generation) + 1);
                    let end = at + 86_400_000;
                    let written =
                        client.execute(&update, &[&id, &is, &at, &end, &was]).await.expect("written");
                    assert_eq!(written, 1, "the guard holds");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("no rotation is lost");
    }
}

async fn over_http(server: &Server) -> Vec<Row> {
    let url = server.create_database("service").expect("a database");
    let (app, key) = service::start_on(&url.parse().expect("a URL")).await;
    let address = service::listen(app.clone()).await;
    let mut refreshers = service::refreshers(&app, &key).await;
    let mut signers = load::connect(address, service::signers(&key)).await;
    let mut connected = load::connect(address, std::mem::take(&mut refreshers)).await;
    let (mut refreshed, mut signed) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (outcome, other);
        (connected, outcome) = load::closed_loop(connected, ROUND).await;
        (signers, other) = load::closed_loop(signers, ROUND).await;
        if round > 0 {
            refreshed.push(outcome);
            signed.push(other);
        }
    }
    let wrong: u64 = refreshed.iter().chain(&signed).map(|round| round.wrong).sum();
    let p99 = median(refreshed.iter().map(|round| round.quantile(990).as_secs_f64() * 1e3));
    let ratio = median(refreshed.iter().zip(&signed).map(|(refresh, sign)| refresh.rate() / sign.rate()));
    let sessions = f64::from(SESSIONS);
    let bytes = "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest('{sessions,session_states}'::text[]) name";
    let bytes: f64 = server.query("store", bytes).expect("an answer").trim().parse().expect("a number");
    vec![
        Row::figure(
            "service on PostgreSQL: refresh, each rotates, 256 connections",
            median(refreshed.iter().map(Outcome::rate)),
            "/s",
        )
        .note(format!("p99 {p99:.1} ms")),
        Row::figure("service on PostgreSQL: refresh / sign only", ratio, "x").at_least(0.35),
        Row::figure("service on PostgreSQL: errors and sessions lost", wrong as f64, "").at_most(0.0),
        Row::figure("PostgreSQL: bytes a session, with its indexes, after the rounds", bytes / sessions, "")
            .note("10,000 sessions, each rotated again and again"),
    ]
}
