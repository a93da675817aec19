//! A service with one project, two keys and a few things that it issued.

use authmint_domain::{
    model::{
        key_ring::{KeyRing, sha256},
        policy::Policy,
        project::{ApiKeyRecord, Callers, Project, Scope},
    },
    port::Store as _,
};
use authmint_protocol::{
    api_key::{self, Environment, Usage},
    id::{ApiKeyId, ProjectId},
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
use axum::{Router, body::Body};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

pub(crate) const A: &str = "/api/2024-09-26/session/sdk/auth";
pub(crate) const USER: &str = "/api/2024-09-26/sdk/auth/user";
const START: i64 = 1_790_000_000;
/// So many inputs meet one service; then a new one stands in for it.
const INPUTS: u32 = 2_000;

/// A service, and what was issued by it.
pub(crate) struct Service {
    pub(crate) router: Router,
    pub(crate) clock: ServiceClock,
    pub(crate) inbox: Inbox,
    pub(crate) client_key: String,
    pub(crate) server_key: String,
    pub(crate) jwt: String,
    pub(crate) token: String,
    pub(crate) one_time_secret: String,
    pub(crate) email_id: String,
    pub(crate) left: u32,
    runtime: Runtime,
    _folder: TempDir,
}

pub(crate) fn add_key(runtime: &Runtime, store: &Store, seed: u8, usage: Usage, scopes: &[Scope]) -> String {
    let project_id = ProjectId::from_bytes([1; 16]);
    let text = api_key::write(usage, Environment::Production, project_id, [seed; 16], |_| [3; 64]);
    let callers = if usage == Usage::Client {
        Callers::Origins(vec!["https://shop.example".into()])
    } else {
        Callers::Any
    };
    let record = ApiKeyRecord {
        id: ApiKeyId::from_bytes([seed; 16]),
        hash: sha256(text.reveal().as_bytes()),
        project_id,
        usage,
        scopes: scopes.to_vec(),
        callers,
        created_at: Timestamp::from_unix_seconds(START),
        last_used_at: None,
        revoked_at: None,
    };
    runtime.block_on(store.put_api_key(record)).expect("a key");
    text.reveal().to_owned()
}

pub(crate) fn folder() -> TempDir {
    // A disk's speed is not what is asked here.
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

impl Service {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = folder();
        let options = Options { writer: Writer::Inline, ..Options::default() };
        let url = StoreUrl::Sqlite(folder.path().join("fuzz.db"));
        let store = runtime.block_on(Store::open(&url, &options)).expect("a database");
        let created_at = Timestamp::from_unix_seconds(START);
        let (id, policy, environment) =
            (ProjectId::from_bytes([1; 16]), Policy::default(), Environment::Production);
        let project = Project { id, name: "Shop".into(), environment, policy, not_before: None, created_at };
        runtime.block_on(store.put_project(project)).expect("a project");
        // Without the scope of the feed: a poll of it waits for what may come.
        let client_key = add_key(&runtime, &store, 1, Usage::Client, &[Scope::UsersCreate]);
        let server_key = add_key(&runtime, &store, 2, Usage::Server, &[Scope::UsersRead]);
        let (clock, inbox) = (ServiceClock::manual(created_at), Inbox::default());
        let mut config =
            AppConfig::development("http://localhost:8420/prefix", inbox.clone()).expect("a URL");
        config.limited = false;
        config.trusted_proxies =
            authmint_server::TrustedProxies::new(vec!["127.0.0.1".parse().expect("a network")]);
        let started = App::start(
            config,
            store,
            clock.clone(),
            ServiceEntropy::seeded(1),
            ServiceSigner::default(),
            ServiceMailer::inbox(inbox.clone()),
            KeyRing::single(1, &[7; 32]),
        );
        let app = runtime.block_on(started).unwrap_or_else(|error| panic!("{error}"));
        let mut service = Self {
            router: app.router(),
            clock,
            inbox,
            client_key,
            server_key,
            jwt: String::new(),
            token: String::new(),
            one_time_secret: String::new(),
            email_id: String::new(),
            left: INPUTS,
            runtime,
            _folder: folder,
        };
        let material = service.post("refresh", &json!({ "refresh": service.sign_in("ada@example.com") }));
        service.jwt = text(&material["jwt"]);
        service.token = text(&material["refresh"]["secret"]);
        service.one_time_secret = service.sign_in("grace@example.com");
        service.email_id =
            text(&service.post("otps/send", &json!({ "email": "alan@example.com" }))["emailId"]);
        service
    }

    fn sign_in(&self, email: &str) -> String {
        let state = text(&self.post("otps/send", &json!({ "email": email }))["emailId"]);
        let code = self.inbox.mails()[0].code.clone();
        let query = format!("email={email}&signinAuthenticationMethod=email&token={code}&state={state}");
        text(&self.post(&format!("authenticate?{query}"), &Value::Null)["oneTimeSecret"])
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request = Request::post(format!("/prefix{A}/{path}"))
            .header("host", "localhost:8420")
            .header("x-api-key", &self.client_key)
            .body(Body::from(body.to_string()))
            .expect("a request");
        let (status, _, body) = self.send(request);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    }

    pub(crate) fn send(&self, request: Request<Body>) -> (u16, HeaderMap, Vec<u8>) {
        self.runtime.block_on(async {
            let Ok(answer) = self.router.clone().oneshot(request).await;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            (parts.status.as_u16(), parts.headers, body.to_vec())
        })
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}
