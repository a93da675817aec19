//! The world of a journey: the real service on a real database, an app behind the real SDK, and browsers.

mod browser;
mod wire;

pub(crate) use browser::Browser;
pub(crate) use wire::Fault;

use crate::ledger;
use authmint::{Auth, AuthOptions, Session, axum::routes, tower::AuthLayer};
use authmint_domain::{
    model::{
        api_key,
        key_ring::{KeyRing, sha256},
        policy::Policy,
        project::{ApiKeyRecord, Callers, Project, Scope},
    },
    port::{Clock as _, Store as _},
};
use authmint_protocol::{
    api_key::{Environment, Usage},
    id::{ApiKeyId, ProjectId},
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
use authmint_store::{Options, Store, StoreUrl, Writer};
use axum::{Router, routing::get};
use std::{
    sync::{Arc, Once},
    time::Duration,
};
use wire::{InProcess, Wire};

const SERVICE: &str = "http://localhost:8420";

/// Everything that takes part.
pub(crate) struct World {
    /// What lies between the app and the service.
    pub(crate) wire: Arc<Wire>,
    service: App,
    app: Router,
    key: ApiKeyText,
    inbox: Inbox,
    data: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        ledger::database(&self.data.path().join("journey.db"));
    }
}

static LISTENING: Once = Once::new();

/// Every line that a service of these stories writes is kept for the secret scan.
fn listen() {
    let lines = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
    lines.with_ansi(false).with_writer(|| ledger::Log).init();
}

impl World {
    /// A world with the product's defaults.
    pub(crate) async fn new() -> Self {
        Self::with(Policy::default(), 0).await
    }

    /// A world whose app server's clock is `skew` seconds ahead of the service's, or behind.
    pub(crate) async fn with(policy: Policy, skew: i64) -> Self {
        LISTENING.call_once(listen);
        let data = tempfile::tempdir().unwrap();
        let ring = KeyRing::single(1, &[7; 32]);
        let clock = ServiceClock::manual(Timestamp::from_unix_seconds(1_800_000_000));
        let options = Options { writer: Writer::Inline, ..Options::default() };
        let store = Store::open(&StoreUrl::Sqlite(data.path().join("journey.db")), &options).await.unwrap();
        let key = register(&store, &ring, policy, clock.now()).await;
        let inbox = Inbox::default();
        let config = AppConfig::development(SERVICE, inbox.clone()).unwrap();
        let mailer = ServiceMailer::inbox(inbox.clone());
        let (entropy, signer) = (ServiceEntropy::seeded(1), ServiceSigner::default());
        let service = App::start(config, store, clock.clone(), entropy, signer, mailer, ring).await.unwrap();
        let wire = Arc::new(Wire::new(service.router(), clock));
        let auth = new_sdk(&key, &wire, skew);
        Self { service, app: app(auth), wire, key, inbox, data }
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, span: Duration) {
        self.wire.advance(span);
    }

    /// Lets two seconds pass, bit by bit, in which everyone does in the background what is due.
    pub(crate) async fn two_seconds(&self) {
        for tenth in 0..20 {
            self.wait(Duration::from_millis(100));
            if tenth % 10 == 0 {
                self.service.keep_signing_keys().await.unwrap();
            }
            wire::everyone_goes_on().await;
        }
    }

    /// Lets time pass, and the service do what has fallen due, as it does every second.
    pub(crate) async fn wait_and_keep(&self, span: Duration) {
        self.wait(span);
        self.service.keep_signing_keys().await.unwrap();
    }

    /// The service itself.
    pub(crate) fn service(&self) -> &App {
        &self.service
    }

    /// A second process of the same app: it remembers nothing of what the first one knows.
    pub(crate) fn another_app_server(&self) -> Router {
        self.app_server_ahead_by(0)
    }

    /// Another process on a machine whose clock is so many seconds ahead of the service's, or behind.
    pub(crate) fn app_server_ahead_by(&self, seconds: i64) -> Router {
        app(new_sdk(&self.key, &self.wire, seconds))
    }

    /// The app's first process.
    pub(crate) fn app(&self) -> Router {
        self.app.clone()
    }

    /// The session is ended at the service, by a way that this app knows nothing of.
    pub(crate) async fn sign_out_elsewhere(&self, browser: &Browser) {
        let token = browser.cookie("crossmint-refresh-token").unwrap();
        self.wire.ask_as_page("logout", &self.key, &serde_json::json!({ "refresh": token })).await;
    }

    /// A person signs in by email code in a new browser.
    pub(crate) async fn sign_in(&self, email: &str) -> Browser {
        let mut browser = Browser::new(self.app());
        let secret = self.one_time_secret(email).await;
        let signed_in = browser.post("/auth/exchange", &serde_json::json!({ "oneTimeSecret": secret })).await;
        assert_eq!(signed_in.status, 200, "{}", signed_in.body);
        browser
    }

    /// The service's side of a sign-in, as the page drives it.
    pub(crate) async fn one_time_secret(&self, email: &str) -> String {
        let done = self.try_sign_in(email).await;
        done["oneTimeSecret"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned()
    }

    /// The same, whatever the service answers to the code.
    pub(crate) async fn try_sign_in(&self, email: &str) -> serde_json::Value {
        let sent =
            self.wire.ask_as_page("otps/send", &self.key, &serde_json::json!({ "email": email })).await;
        let state = sent["emailId"].as_str().unwrap_or_else(|| panic!("{sent}"));
        let mail = self.inbox.mails().into_iter().next().expect("the code was mailed");
        ledger::code(email, &mail.code);
        let query =
            format!("email={email}&signinAuthenticationMethod=email&token={}&state={state}", mail.code);
        let path = format!("authenticate?{query}");
        self.wire.ask_as_page(&path, &self.key, &serde_json::Value::Null).await
    }
}

fn new_sdk(key: &ApiKeyText, wire: &Arc<Wire>, ahead: i64) -> Auth<InProcess> {
    let options = AuthOptions::new(key.reveal()).base_url(SERVICE);
    Auth::with_host(&options, [5; 32], InProcess(Arc::clone(wire), ahead)).unwrap()
}

/// An app as small as can be: who is it?
fn app(auth: Auth<InProcess>) -> Router {
    Router::new()
        .route("/", get(async |session: Session| session.user_id().to_owned()))
        .layer(AuthLayer::new(auth.clone()))
        .nest("/auth", routes(auth))
}

async fn register(store: &Store, ring: &KeyRing, policy: Policy, now: Timestamp) -> ApiKeyText {
    let id = ProjectId::from_bytes([1; 16]);
    let (name, environment) = ("Journey".to_owned(), Environment::Staging);
    store
        .put_project(Project { id, name, environment, policy, not_before: None, created_at: now })
        .await
        .unwrap();
    let key = api_key::mint(ring, Usage::Server, environment, id, [2; 16]);
    let record = ApiKeyRecord {
        id: ApiKeyId::from_bytes([3; 16]),
        hash: sha256(key.reveal().as_bytes()),
        project_id: id,
        usage: Usage::Server,
        scopes: vec![Scope::UsersCreate, Scope::UsersRead, Scope::FeedRead],
        callers: Callers::Any,
        created_at: now,
        last_used_at: None,
        revoked_at: None,
    };
    store.put_api_key(record).await.unwrap();
    ledger::secret(key.reveal());
    key
}
