//! The service over loopback HTTP: durable refreshes, each of them a rotation, beside a route that only signs a JWT.
//!
//! Both routes pass through the same edge of the same server, and the load generator runs on the same cores.

use crate::{
    exchange::trusted,
    load::{self, Caller, Outcome},
    table::Row,
};
use authmint_domain::{
    flow,
    model::{
        api_key,
        key_ring::{KeyRing, sha256},
        policy::Policy,
        project::{ApiKeyRecord, Callers, Project, Scope},
        session::{Device, Session, SignIn},
        session_jwt::Claims,
        user::User,
    },
    port::{ActiveKey as _, Clock as _, Entropy as _, Signer as _, Store as _},
};
use authmint_protocol::{
    api_key::{Environment, Usage},
    id::{ApiKeyId, ProjectId, SessionId, UserId},
    secret::ApiKeyText,
    time::Timestamp,
};
use authmint_server::{
    App, AppConfig,
    adapter::{
        clock::ServiceClock,
        entropy::ServiceEntropy,
        mailer::{Inbox, ServiceMailer},
        signer::ServiceSigner,
    },
};
use authmint_store::{Options, Store, StoreUrl};
use axum::{Json, Router, extract::State, routing::post};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpListener;

const CONNECTIONS: usize = 256;
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(2);
/// A round of trades is shorter, since each needs a JWT that was signed before.
const TRADING: Duration = Duration::from_millis(500);
/// JWTs a user: more than all rounds trade.
const MOST_TRADES: usize = 600;

pub(crate) const REFRESH: &str = "/api/2024-09-26/session/sdk/auth/refresh";

/// Runs the comparison and answers its rows.
pub async fn run() -> Vec<Row> {
    let dir = tempfile::tempdir().expect("a folder for the database");
    let (app, key) = start(dir.path()).await;
    let address = listen(app.clone()).await;
    let refreshers = refreshers(&app, &key).await;
    let signers = signers(&key);
    let issuer = trusted(&app).await;
    let traders = issuer.traders(CONNECTIONS, MOST_TRADES, key.reveal());
    let mut refreshers = load::connect(address, refreshers).await;
    let mut signers = load::connect(address, signers).await;
    let mut traders = load::connect(address, traders).await;

    let (mut refreshed, mut signed, mut traded) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let outcome;
        (refreshers, outcome) = load::closed_loop(refreshers, ROUND).await;
        let other;
        (signers, other) = load::closed_loop(signers, ROUND).await;
        let trades;
        (traders, trades) = load::closed_loop(traders, TRADING).await;
        // The first round warms up.
        if round > 0 {
            refreshed.push(outcome);
            signed.push(other);
            traded.push(trades);
        }
    }
    let rate = median(refreshed.iter().map(Outcome::rate));
    let paced = load::fixed_rate(refreshers, rate / 2.0, ROUND * 2).await;
    rows(&refreshed, &signed, &traded, &paced)
}

fn rows(refreshed: &[Outcome], signed: &[Outcome], traded: &[Outcome], paced: &Outcome) -> Vec<Row> {
    let rate = |rounds: &[Outcome]| median(rounds.iter().map(Outcome::rate));
    let p99 = |rounds: &[Outcome]| median(rounds.iter().map(|round| round.quantile(990).as_secs_f64() * 1e3));
    let errors =
        refreshed.iter().chain(signed).chain(traded).chain([paced]).map(|round| round.wrong).sum::<u64>();
    let ratio = median(refreshed.iter().zip(signed).map(|(refresh, sign)| refresh.rate() / sign.rate()));
    let trades = median(traded.iter().zip(refreshed).map(|(trade, refresh)| trade.rate() / refresh.rate()));
    vec![
        Row::figure("service: sign a JWT, 256 connections", rate(signed), "/s")
            .note(format!("p99 {:.1} ms", p99(signed))),
        Row::figure("service: durable refresh, each rotates, 256 connections", rate(refreshed), "/s")
            .note(format!("p99 {:.1} ms", p99(refreshed))),
        Row::figure("service: durable refresh at half that rate", paced.rate(), "/s").note(format!(
            "p50 {:.1} ms, p99 {:.1} ms, counted from when it was due",
            paced.quantile(500).as_secs_f64() * 1e3,
            paced.quantile(990).as_secs_f64() * 1e3
        )),
        Row::figure("service: errors and sessions lost", errors as f64, "").at_most(0.0),
        Row::figure("service: refresh / sign only", ratio, "x").at_least(0.5),
        Row::figure("service: exchange of a foreign JWT, 256 connections", rate(traded), "/s")
            .note(format!("p99 {:.1} ms", p99(traded))),
        Row::figure("service: exchange / refresh", trades, "x").at_least(0.8),
    ]
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// One that refreshes a session of its own for each connection.
pub(crate) async fn refreshers(app: &App, key: &ApiKeyText) -> Vec<Refresher> {
    let mut refreshers = Vec::new();
    for number in 0..CONNECTIONS {
        let token = sign_in(app, key, number).await;
        refreshers.push(Refresher { token, key: key.reveal().to_owned() });
    }
    refreshers
}

/// One that has a JWT signed for each connection.
pub(crate) fn signers(key: &ApiKeyText) -> Vec<SignOnly> {
    (0..CONNECTIONS).map(|_| SignOnly { key: key.reveal().to_owned() }).collect()
}

pub(crate) struct Refresher {
    token: String,
    key: String,
}

impl Caller for Refresher {
    fn request(&mut self) -> Request<Full<Bytes>> {
        call(REFRESH, &self.key, json!({ "refresh": self.token }).to_string())
    }

    /// Right is a rotation: another token than the one that was sent.
    fn answered(&mut self, status: StatusCode, body: &[u8]) -> bool {
        let Ok(answer) = serde_json::from_slice::<Value>(body) else { return false };
        let Some(token) = answer["refresh"]["secret"].as_str() else { return false };
        let rotated = status == StatusCode::OK && token != self.token;
        self.token = token.to_owned();
        rotated
    }
}

pub(crate) struct SignOnly {
    key: String,
}

impl Caller for SignOnly {
    fn request(&mut self) -> Request<Full<Bytes>> {
        call("/bench/sign", &self.key, "{}".to_owned())
    }

    fn answered(&mut self, status: StatusCode, body: &[u8]) -> bool {
        status == StatusCode::OK && body.starts_with(b"{\"jwt\":\"ey")
    }
}

pub(crate) fn call(path: &'static str, key: &str, body: String) -> Request<Full<Bytes>> {
    Request::post(path)
        .header("host", "localhost")
        .header("x-api-key", key)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .expect("a request of fixed parts")
}

pub(crate) async fn start(dir: &std::path::Path) -> (App, ApiKeyText) {
    start_on(&StoreUrl::Sqlite(dir.join("bench.db"))).await
}

/// The same, in whichever database.
pub(crate) async fn start_on(url: &StoreUrl) -> (App, ApiKeyText) {
    let ring = KeyRing::single(1, &[7; 32]);
    let store = Store::open(url, &Options::default()).await.expect("a database");
    let project = Project {
        id: ProjectId::from_bytes([1; 16]),
        name: "bench".into(),
        environment: Environment::Development,
        policy: Policy { settle: Duration::ZERO, ..Policy::default() },
        not_before: None,
        created_at: Timestamp::EPOCH,
    };
    let key = api_key::mint(&ring, Usage::Server, Environment::Development, project.id, [2; 16]);
    let record = ApiKeyRecord {
        id: ApiKeyId::from_bytes([3; 16]),
        hash: sha256(key.reveal().as_bytes()),
        project_id: project.id,
        usage: Usage::Server,
        scopes: vec![Scope::UsersCreate, Scope::UsersRead],
        callers: Callers::Any,
        created_at: Timestamp::EPOCH,
        last_used_at: None,
        revoked_at: None,
    };
    store.put_project(project).await.expect("a project");
    store.put_api_key(record).await.expect("a key");
    let inbox = Inbox::default();
    let mut config = AppConfig::development("http://localhost:1", inbox.clone()).expect("a public URL");
    config.limited = false;
    let (clock, entropy) = (ServiceClock::system(), ServiceEntropy::system());
    let mailer = ServiceMailer::inbox(inbox);
    let app = App::start(config, store, clock, entropy, ServiceSigner::default(), mailer, ring).await;
    (app.expect("the service starts"), key)
}

pub(crate) async fn listen(app: App) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let added = Router::new().route("/bench/sign", post(sign_only));
    tokio::spawn(authmint_server::serve_with(app, added, listener, std::future::pending()));
    address
}

/// Signs what a refresh would sign, and does nothing else.
async fn sign_only(State(app): State<App>) -> Json<Value> {
    let cx = app.context();
    let now = cx.clock.now();
    let session = sample_session(now);
    let drawn = u16::from_be_bytes(cx.entropy.draw());
    let claims = Claims::for_session(&session, &Policy::default(), &cx.issuer, now, drawn);
    let key = cx.signer.active(Policy::default().signing_algorithm).expect("a key is installed");
    let public = key.public();
    let jwt = claims
        .sign(public.algorithm(), public.kid().unwrap_or_default(), |message| key.sign(message))
        .expect("a sound key");
    Json(json!({ "jwt": jwt.reveal() }))
}

fn sample_session(now: Timestamp) -> Session {
    let user = User {
        id: UserId::from_bytes([4; 16]),
        project_id: ProjectId::from_bytes([1; 16]),
        email: Some("ada@example.com".into()),
        disabled_at: None,
        sessions_ended_at: None,
        created_at: now,
    };
    let sign_in = SignIn { method: "email".into(), amr: "otp".into(), at: now };
    Session::open(
        SessionId::from_bytes([5; 16]),
        user,
        sign_in,
        (Device::default(), None),
        &Policy::default(),
        now,
    )
}

/// Opens a session through the flows, as a sign-in does.
pub(crate) async fn sign_in(app: &App, key: &ApiKeyText, number: usize) -> String {
    let cx = app.context();
    let grant = flow::authorise::find_key(cx, key)
        .await
        .expect("a known key")
        .admit(Default::default())
        .expect("a grant");
    let email = format!("user{number}@example.com");
    let address = authmint_domain::method::email::normalise(&email).expect("an address");
    let now = cx.clock.now();
    let proof = authmint_domain::method::email::proof(&address, now);
    let (secret_id, _) = flow::sign_in::admit(cx, &grant, proof, now).await.expect("admitted");
    let secret = authmint_domain::model::refresh_token::mint_one_time_secret(
        &cx.key_ring,
        grant.project().id,
        secret_id,
    );
    let text = authmint_protocol::secret::RefreshToken::new(secret.reveal().to_owned());
    let material = flow::refresh::refresh(cx, &grant, &text, Device::default()).await.expect("a session");
    material.refresh_token.reveal().to_owned()
}
