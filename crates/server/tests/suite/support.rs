//! A service in a folder of its own, and a way to call it.

use crate::ledger;
use authmint_domain::{
    flow::admin::operator_token,
    model::{
        grant::OperatorGrant,
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
        mailer::{Inbox, ServiceMailer, SmtpConfig},
        signer::ServiceSigner,
    },
};
use authmint_store::{Options, Store, StoreUrl, Writer};
use axum::{Router, body::Body, extract::ConnectInfo};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::{net::SocketAddr, path::PathBuf, sync::Once, time::Duration};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) const A: &str = "/api/2024-09-26/session/sdk/auth";
pub(crate) const USER: &str = "/api/2024-09-26/sdk/auth/user";
pub(crate) const SHOP: &str = "https://shop.example";
pub(crate) const START: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);

static LISTENING: Once = Once::new();

/// Has somebody interested in every line before the first is written: else a line that is written for the first time
/// while another test begins to listen counts as one that nobody wants.
fn listen() {
    let everything = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    tracing::subscriber::set_global_default(everything.with_writer(|| ledger::Log).finish()).unwrap();
}

/// A service with one project, a client key for the shop's page, and a server key.
pub(crate) struct Service {
    pub(crate) app: App,
    pub(crate) clock: ServiceClock,
    pub(crate) inbox: Inbox,
    pub(crate) client_key: String,
    pub(crate) server_key: String,
    router: Router,
    folder: TempDir,
}

/// What a test wants otherwise.
pub(crate) struct Setup {
    pub(crate) public_url: &'static str,
    pub(crate) store: Options,
    pub(crate) policy: Policy,
    pub(crate) production: bool,
    pub(crate) ring: [u8; 32],
    pub(crate) configure: fn(&mut AppConfig),
    pub(crate) added: Router<App>,
    pub(crate) smtp: Option<SmtpConfig>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            public_url: "https://auth.shop.example",
            store: inline(),
            policy: Policy::default(),
            production: false,
            ring: [7; 32],
            configure: |_| {},
            added: Router::new(),
            smtp: None,
        }
    }
}

pub(crate) fn inline() -> Options {
    Options { writer: Writer::Inline, busy_timeout: Duration::ZERO, ..Options::default() }
}

impl Drop for Service {
    fn drop(&mut self) {
        ledger::database(&self.path());
    }
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_as(Setup::default()).await
    }

    pub(crate) async fn start_as(setup: Setup) -> Self {
        LISTENING.call_once(listen);
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&StoreUrl::Sqlite(folder.path().join("authmint.db")), &setup.store).await.unwrap();
        let ring = KeyRing::single(1, &setup.ring);
        let clock = ServiceClock::manual(START);
        let project = Project {
            id: ProjectId::from_bytes([1; 16]),
            name: "Shop".into(),
            environment: Environment::Production,
            policy: setup.policy.clone(),
            not_before: None,
            created_at: START,
        };
        store.put_project(project).await.unwrap();
        let shop = Callers::Origins(vec![SHOP.into()]);
        let client_key = add_key(&store, 1, Usage::Client, shop, &[Scope::UsersCreate]).await;
        let server_key = add_key(&store, 2, Usage::Server, Callers::Any, &[Scope::UsersRead]).await;

        let inbox = Inbox::default();
        let mut config = if setup.production {
            AppConfig::production(setup.public_url)
        } else {
            AppConfig::development(setup.public_url, inbox.clone())
        }
        .unwrap();
        (setup.configure)(&mut config);
        let mailer = match &setup.smtp {
            Some(smtp) => ServiceMailer::smtp(smtp).unwrap(),
            None => ServiceMailer::inbox(inbox.clone()),
        };
        let app = App::start(
            config,
            store,
            clock.clone(),
            ServiceEntropy::seeded(1),
            ServiceSigner::default(),
            mailer,
            ring,
        )
        .await
        .unwrap();
        Self { router: app.router_with(setup.added), app, clock, inbox, client_key, server_key, folder }
    }

    pub(crate) fn database(&self) -> StoreUrl {
        StoreUrl::Sqlite(self.path())
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("authmint.db")
    }

    pub(crate) async fn add_client_key(&self, seed: u8, callers: Callers, scopes: &[Scope]) -> String {
        add_key(&self.app.context().store, seed, Usage::Client, callers, scopes).await
    }

    pub(crate) async fn add_server_key(&self, seed: u8, scopes: &[Scope]) -> String {
        add_key(&self.app.context().store, seed, Usage::Server, Callers::Any, scopes).await
    }

    /// The text of a new operator token.
    pub(crate) async fn operator(&self) -> String {
        let (cx, by) = (self.app.context(), OperatorGrant::command_line());
        operator_token::create(cx, &by, "tests".into(), None).await.unwrap().0.reveal().to_owned()
    }

    /// A call under `/api/v1` by whoever shows `credential`: an API key, an operator token, or nobody.
    pub(crate) fn manage(&self, credential: &str, method: &str, path: &str) -> Call<'_> {
        let call = self.call(method, &format!("/api/v1/{path}")).without("x-api-key");
        match credential {
            "" => call,
            token if token.starts_with("amo1_") => call.header("authorization", &format!("Bearer {token}")),
            key => call.header("x-api-key", key),
        }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds)).unwrap();
    }

    /// A call with the client key, from no page.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        let builder = Request::builder().method(method).uri(path).header("x-api-key", &self.client_key);
        Call { service: self, request: builder.body(Body::empty()).unwrap() }
    }

    pub(crate) fn post(&self, call: &str, body: &Value) -> Call<'_> {
        self.call("POST", &format!("{A}/{call}")).body(body.to_string())
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post("refresh", &json!({ "refresh": token })).send().await
    }

    /// The newest code mailed to an address.
    pub(crate) fn code_for(&self, email: &str) -> String {
        let mails = self.inbox.mails().into_iter();
        let code = mails.into_iter().find(|mail| mail.to.eq_ignore_ascii_case(email)).expect("a mail").code;
        ledger::code(email, &code);
        code
    }

    pub(crate) async fn send_code(&self, email: &str) -> String {
        let sent = self.post("otps/send", &json!({ "email": email })).send().await;
        assert_eq!(sent.status, 200, "{}", sent.text);
        sent.json["emailId"].as_str().unwrap().to_owned()
    }

    pub(crate) fn enter_code(&self, email: &str, state: &str, code: &str) -> Call<'_> {
        let query = query(&[
            ("email", email),
            ("signinAuthenticationMethod", "email"),
            ("token", code),
            ("locale", "en"),
            ("state", state),
            ("callbackUrl", "https://shop.example/callback"),
        ]);
        self.call("POST", &format!("{A}/authenticate?{query}"))
    }

    pub(crate) async fn one_time_secret(&self, email: &str) -> String {
        let state = self.send_code(email).await;
        let proven = self.enter_code(email, &state, &self.code_for(email)).send().await;
        assert_eq!(proven.status, 200, "{}", proven.text);
        proven.json["oneTimeSecret"].as_str().unwrap().to_owned()
    }

    /// The auth material of a new session.
    pub(crate) async fn sign_in(&self, email: &str) -> Value {
        let answer = self.refresh(&self.one_time_secret(email).await).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    }
}

async fn add_key(store: &Store, seed: u8, usage: Usage, callers: Callers, scopes: &[Scope]) -> String {
    let project_id = ProjectId::from_bytes([1; 16]);
    let text = api_key::write(usage, Environment::Production, project_id, [seed; 16], |_| [3; 64]);
    let record = ApiKeyRecord {
        id: ApiKeyId::from_bytes([seed; 16]),
        hash: sha256(text.reveal().as_bytes()),
        project_id,
        usage,
        scopes: scopes.to_vec(),
        callers,
        created_at: START,
        last_used_at: None,
        revoked_at: None,
    };
    store.put_api_key(record).await.unwrap();
    ledger::secret(text.reveal());
    text.reveal().to_owned()
}

pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A call in the making.
pub(crate) struct Call<'s> {
    service: &'s Service,
    request: Request<Body>,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn append(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self.header("content-type", "application/json")
    }

    /// As if it came over a connection from this address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        let peer: SocketAddr = address.parse().unwrap();
        self.request.extensions_mut().insert(ConnectInfo(peer));
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self.service.router.clone().oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        ledger::answer(parts.status.as_u16(), &bytes);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, json }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Insists on a success.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self
    }

    /// The items of a page, each as `name` of it says.
    pub(crate) fn items(&self, name: &str) -> Vec<&str> {
        let items = self.json["items"].as_array().unwrap_or_else(|| panic!("no page: {}", self.text));
        items.iter().map(|item| item[name].as_str().unwrap()).collect()
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_default()
    }

    /// Insists on the one form of a refusal.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert!(StatusCode::from_u16(self.status).is_ok());
        assert_eq!((self.status, self.field("code")), (status, code), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.json["error"], true, "{}", self.text);
        assert!(self.field("message").contains(' '), "a sentence for a person: {}", self.text);
    }
}
