//! Refreshes with a million sessions stored, beside the same with ten thousand: over HTTP, and of the store alone.
//!
//! Every refresh is of another session than the one before, all over the table, so that nothing is at hand because it
//! was just used. Rounds are interleaved, and each figure is the median of the rounds.

use crate::{
    load::{self, Caller, Outcome},
    service::{self, median},
    table::Row,
};
use authmint_domain::{
    model::{
        key_ring::KeyRing, policy::Policy, refresh_token::mint_refresh_token, rotation::Presented,
        session::Session,
    },
    port::{Clock as _, Store as _},
};
use authmint_protocol::{
    id::{ProjectId, SessionId},
    refresh_token::unverified_session_id,
    secret::{ApiKeyText, RefreshToken},
};
use authmint_server::App;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode, client::conn::http1::SendRequest};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

const FEW: u32 = 10_000;
const MANY: u32 = 1_000_000;
const CALLERS: u32 = 256;
const ROUNDS: u32 = 9;
const ROUND: Duration = Duration::from_secs(2);
/// Sessions that each caller rotates in a round of the store alone.
const TURNS: u32 = 100;

type Connected = Vec<(Refresher, SendRequest<Full<Bytes>>)>;

/// Runs the comparison and answers its rows.
///
/// # Panics
/// If a refresh of the store is refused, since that makes every figure worthless.
pub async fn run() -> Vec<Row> {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder for the database"));
    let few = Stored::new(folders[0].path(), FEW).await;
    let many = Stored::new(folders[1].path(), MANY).await;
    // Not before both are filled: a connection that says nothing for a minute is closed.
    let (mut at_few, mut at_many) = (few.connect().await, many.connect().await);
    let (mut over_http, mut alone) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (with_few, with_many);
        (at_few, with_few) = load::closed_loop(at_few, ROUND).await;
        (at_many, with_many) = load::closed_loop(at_many, ROUND).await;
        let rates = (few.round_alone(round).await, many.round_alone(round).await);
        // The first round warms up.
        if round > 0 {
            over_http.push((with_few, with_many));
            alone.push(rates);
        }
    }
    rows(&over_http, &alone)
}

fn rows(over_http: &[(Outcome, Outcome)], alone: &[(f64, f64)]) -> Vec<Row> {
    let p99 = |outcome: &Outcome| outcome.quantile(990).as_secs_f64() * 1e3;
    let wrong = over_http.iter().map(|(few, many)| few.wrong + many.wrong).sum::<u64>();
    vec![
        Row::figure(
            "service: refreshes, 10,000 sessions stored",
            median(over_http.iter().map(|(few, _)| few.rate())),
            "/s",
        )
        .note(format!("p99 {:.1} ms", median(over_http.iter().map(|(few, _)| p99(few))))),
        Row::figure(
            "service: refreshes, 1,000,000 sessions stored",
            median(over_http.iter().map(|(_, many)| many.rate())),
            "/s",
        )
        .note(format!("p99 {:.1} ms", median(over_http.iter().map(|(_, many)| p99(many))))),
        Row::figure(
            "service: 1,000,000 sessions / 10,000",
            median(over_http.iter().map(|(few, many)| many.rate() / few.rate())),
            "x",
        )
        .at_least(0.8)
        .note("each refresh rotates, and of another session than the one before"),
        Row::figure("store alone, 10,000 sessions", median(alone.iter().map(|(few, _)| *few)), "/s"),
        Row::figure("store alone, 1,000,000 sessions", median(alone.iter().map(|(_, many)| *many)), "/s"),
        Row::figure(
            "store alone: 1,000,000 / 10,000",
            median(alone.iter().map(|(few, many)| many / few)),
            "x",
        ),
        Row::figure("service: errors and sessions lost", wrong as f64, "").at_most(0.0),
    ]
}

/// A service with so many sessions.
struct Stored {
    app: App,
    key: ApiKeyText,
    sessions: Arc<Sessions>,
}

/// Which generation of each session's token is current.
struct Sessions {
    generations: Vec<AtomicU32>,
    ring: Arc<KeyRing>,
    project: ProjectId,
}

/// IDs as drawn ones are: spread over all of the tree, in no order.
fn id(number: u32) -> [u8; 16] {
    u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}

/// Which session lies at this place of the table: refreshes that follow one another find theirs nowhere near each other.
fn scattered(place: u32, count: u32) -> u32 {
    // A power of three: prime to both counts, so that every session has its place.
    u32::try_from(u64::from(place) * 387_420_489 % u64::from(count)).unwrap_or(0)
}

/// Makes so many copies of a session and its user, in the order in which people would have come: none.
///
/// It writes beside the service, in one go: a million sign-ins would take longer than all rounds.
fn copy(path: &Path, template: SessionId, count: u32) {
    let connection = Connection::open(path).expect("the file opens");
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -1500000; BEGIN IMMEDIATE")
        .expect("the settings are taken");
    for (table, key, own, copied) in [
        ("users", "id", &["id"][..], "SELECT user_id FROM sessions WHERE id = ?2"),
        ("sessions", "id", &["id", "user_id"], "?2"),
        ("session_states", "session_id", &["session_id"], "?2"),
    ] {
        let columns: Vec<String> = connection
            .prepare("SELECT name FROM pragma_table_info(?1)")
            .and_then(|mut rows| rows.query_map([table], |row| row.get(0))?.collect())
            .expect("the table's columns");
        let values = columns.iter().map(|name| if own.contains(&name.as_str()) { "?1" } else { name });
        let values = values.collect::<Vec<_>>().join(", ");
        let names = columns.join(", ");
        let insert =
            format!("INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {key} = ({copied})");
        let mut insert = connection.prepare(&insert).expect("the statement stands");
        for place in 0..count {
            let written = insert.execute((id(scattered(place, count)), template.as_bytes()));
            assert_eq!(written, Ok(1), "a copy of the template");
        }
    }
    connection.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").expect("the copies are in");
}

impl Stored {
    async fn new(folder: &Path, count: u32) -> Self {
        let (app, key) = service::start(folder).await;
        let first = RefreshToken::new(service::sign_in(&app, &key, 0).await);
        copy(&folder.join("bench.db"), unverified_session_id(&first).expect("a refresh token"), count);
        let sessions = Arc::new(Sessions {
            generations: (0..count).map(|_| AtomicU32::new(1)).collect(),
            ring: Arc::clone(&app.context().key_ring),
            project: ProjectId::from_bytes([1; 16]),
        });
        Self { app, key, sessions }
    }

    async fn connect(&self) -> Connected {
        let address = service::listen(self.app.clone()).await;
        let refreshers = (0..CALLERS).map(|caller| Refresher {
            walk: Walk { caller, at: 0, sessions: Arc::clone(&self.sessions) },
            key: self.key.reveal().to_owned(),
            asked: 0,
        });
        load::connect(address, refreshers.collect()).await
    }

    /// Every caller rotates one session after another in the store, with nothing around it; answers the rate.
    async fn round_alone(&self, round: u32) -> f64 {
        let start = now();
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (app, mut walk) = (
                    self.app.clone(),
                    Walk { caller, at: TURNS * round, sessions: Arc::clone(&self.sessions) },
                );
                tokio::spawn(async move {
                    for _ in 0..TURNS {
                        rotate(&app, &mut walk).await;
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.expect("no rotation is lost");
        }
        f64::from(CALLERS * TURNS) / start.elapsed().as_secs_f64()
    }
}

async fn rotate(app: &App, walk: &mut Walk) {
    let cx = app.context();
    let (number, generation) = walk.step();
    let (presented, now) = (Presented { generation, branch: 1 }, cx.clock.now());
    let decide = move |session: Option<&Session>| {
        let policy = Policy { settle: Duration::ZERO, ..Policy::default() };
        session.expect("a stored session").refresh(presented, &policy, now)
    };
    let decided = cx.store.decide_session(SessionId::from_bytes(id(number)), decide).await;
    let reply = decided.expect("durable").expect("not refused");
    assert_eq!(reply.token.generation, generation + 1, "every refresh rotates");
    walk.sessions.rotated(number);
}

impl Sessions {
    fn rotated(&self, number: u32) {
        self.generations[number as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn token(&self, number: u32, generation: u32) -> RefreshToken {
        mint_refresh_token(&self.ring, self.project, SessionId::from_bytes(id(number)), generation, 1)
    }
}

/// A caller's way through its share of the sessions.
struct Walk {
    caller: u32,
    at: u32,
    sessions: Arc<Sessions>,
}

impl Walk {
    /// The next session, and the generation of its token.
    fn step(&mut self) -> (u32, u32) {
        let count = u32::try_from(self.sessions.generations.len()).unwrap_or(u32::MAX);
        let share = (count - self.caller).div_ceil(CALLERS);
        let number = self.caller + CALLERS * (self.at % share);
        self.at += 1;
        (number, self.sessions.generations[number as usize].load(Ordering::Relaxed))
    }
}

struct Refresher {
    walk: Walk,
    key: String,
    asked: u32,
}

impl Caller for Refresher {
    fn request(&mut self) -> Request<Full<Bytes>> {
        let (number, generation) = self.walk.step();
        self.asked = number;
        let token = self.walk.sessions.token(number, generation);
        service::call(service::REFRESH, &self.key, json!({ "refresh": token.reveal() }).to_string())
    }

    /// Right is the successor, and nothing else.
    fn answered(&mut self, status: StatusCode, body: &[u8]) -> bool {
        let Ok(answer) = serde_json::from_slice::<Value>(body) else { return false };
        let generation = self.walk.sessions.generations[self.asked as usize].load(Ordering::Relaxed);
        let successor = self.walk.sessions.token(self.asked, generation + 1);
        let rotated = status == StatusCode::OK && answer["refresh"]["secret"] == successor.reveal();
        if rotated {
            self.walk.sessions.rotated(self.asked);
        }
        rotated
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}
