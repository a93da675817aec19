//! What an operator changes beside the running service, through a connection of their own to the same database.

use crate::support::{A, Service, Setup, inline, query};
use authmint_domain::{
    Context,
    flow::admin::{
        api_key::{self, AskedKey, KeyError},
        project::{self, ProjectChange, ProjectError},
    },
    model::{
        audit::{AuditKind, EventFilter},
        caller::AskedCallers,
        grant::OperatorGrant,
        key_ring::{KeyRing, sha256},
        outgoing::Reach,
        policy::PolicyChange,
        project::Scope,
        signing_key::SCHEDULE,
    },
    port::Store as _,
};
use authmint_protocol::{
    api_key::{self as keys, ApiKeyError, Environment, TEST_VECTOR_KEY, Usage},
    id::{ApiKeyId, ProjectId},
    secret::ApiKeyText,
};
use authmint_server::{
    ServerPorts,
    adapter::{
        entropy::ServiceEntropy,
        issuer_keys::ServiceIssuerKeys,
        mailer::{Inbox, ServiceMailer},
        outgoing::{Lookup, ServiceOutgoing},
        signer::ServiceSigner,
    },
};
use authmint_store::Store;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::json;
use std::{sync::Arc, time::Duration};

const OPERATOR: OperatorGrant = OperatorGrant::command_line();
const SHOP: ProjectId = ProjectId::from_bytes([1; 16]);

/// What the commands work with: the same database, opened again.
async fn operator(service: &Service) -> Context<ServerPorts> {
    let outgoing = ServiceOutgoing::new(Reach::default(), Lookup::system());
    Context {
        store: Store::open(&service.database(), &inline()).await.unwrap(),
        clock: service.clock.clone(),
        entropy: ServiceEntropy::seeded(2),
        signer: ServiceSigner::default(),
        mailer: ServiceMailer::inbox(Inbox::default()),
        issuer_keys: ServiceIssuerKeys::new(outgoing.clone()),
        outgoing,
        key_ring: Arc::new(KeyRing::single(1, &[7; 32])),
        issuer: String::new(),
        signing_keys: SCHEDULE,
        limited: true,
        audit_kept_for: None,
    }
}

fn anyone() -> AskedKey {
    AskedKey { scopes: None, callers: AskedCallers { anyone: true, ..AskedCallers::default() } }
}

fn named(name: &str) -> ProjectChange {
    ProjectChange { name: Some(name.into()), ..ProjectChange::default() }
}

/// A signer in the vendor's place, whose public half is trusted instead of the published one.
fn foreign_signer() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap()
}

fn foreign_public(_environment: Environment) -> [u8; 32] {
    foreign_signer().public_key().as_ref().try_into().unwrap()
}

fn foreign_key(usage: Usage, environment: Environment, project: ProjectId) -> ApiKeyText {
    let signer = foreign_signer();
    keys::write(usage, environment, project, [5; 16], |message| {
        signer.sign(message).as_ref().try_into().unwrap()
    })
}

async fn refused_with(service: &Service, key: &str) -> String {
    let call = service.post("refresh", &json!({ "refresh": "x" })).header("x-api-key", key).send().await;
    call.field("code").to_owned()
}

#[tokio::test]
async fn a_key_minted_beside_the_running_service_serves_and_once_revoked_is_refused_within_two_seconds() {
    let service = Service::start().await;
    let cx = operator(&service).await;
    let (text, key) = api_key::create(&cx, &OPERATOR, (SHOP, Usage::Client), anyone()).await.unwrap();
    assert_eq!(refused_with(&service, text.reveal()).await, "refresh_malformed", "it is let in");

    let revoked = api_key::revoke(&cx, &OPERATOR, key.id).await.unwrap();
    service.pass(2);
    assert_eq!(refused_with(&service, text.reveal()).await, "api_key_unknown");
    service.pass(60);
    assert_eq!(
        api_key::revoke(&cx, &OPERATOR, key.id).await.unwrap().revoked_at,
        revoked.revoked_at,
        "once is for good"
    );
    let kinds: Vec<_> = cx
        .store
        .audit_events(EventFilter { project_id: Some(SHOP), ..EventFilter::default() }, 10)
        .await
        .unwrap()
        .iter()
        .map(|event| event.event.kind)
        .collect();
    assert_eq!(kinds, [AuditKind::ApiKeyRevoked, AuditKind::ApiKeyMinted]);
    let unknown = ApiKeyId::from_bytes([42; 16]);
    assert_eq!(api_key::revoke(&cx, &OPERATOR, unknown).await, Err(KeyError::Unknown(unknown)));
}

#[tokio::test]
async fn a_text_is_shown_once_and_kept_as_a_hash() {
    let service = Service::start().await;
    let cx = operator(&service).await;
    let (text, key) = api_key::create(
        &cx,
        &OPERATOR,
        (SHOP, Usage::Server),
        AskedKey { callers: AskedCallers::default(), ..anyone() },
    )
    .await
    .unwrap();
    assert_eq!(key.hash, sha256(text.reveal().as_bytes()));
    assert_eq!(key.scopes, [Scope::UsersRead, Scope::FeedRead]);
    assert!(api_key::list(&cx, &OPERATOR, SHOP).await.unwrap().contains(&key));
    let needle = text.reveal().as_bytes();
    let kept = std::fs::read(service.database().to_string().trim_start_matches("sqlite:")).unwrap();
    assert!(!kept.windows(needle.len()).any(|window| window == needle));
}

#[tokio::test]
async fn a_projects_settings_are_worked_by_within_two_seconds() {
    let service = Service::start().await;
    let cx = operator(&service).await;
    let before = service.sign_in("ada@example.com").await;
    let hour = PolicyChange { idle: Some(Duration::from_secs(3600)), ..PolicyChange::default() };
    project::set(&cx, &OPERATOR.manage(SHOP), ProjectChange { policy: hour, ..named("Market") })
        .await
        .unwrap();
    service.pass(2);
    let after = service.sign_in("ben@example.com").await;
    let mail = service.inbox.mails().into_iter().find(|mail| mail.to == "ben@example.com").unwrap();
    assert_eq!(mail.subject, "Your sign-in code for Market");
    let ends = |answer: &serde_json::Value| answer["refresh"]["expiresAt"].as_str().unwrap().to_owned();
    assert!(ends(&after) < ends(&before), "{} {}", ends(&after), ends(&before));
    let event = &cx
        .store
        .audit_events(EventFilter { project_id: Some(SHOP), ..EventFilter::default() }, 100)
        .await
        .unwrap();
    let event = event.iter().find(|event| event.event.kind == AuditKind::ProjectChanged).unwrap();
    assert_eq!(event.event.detail, "name idle");
}

#[tokio::test]
async fn a_project_out_of_bounds_is_not_made_and_every_fault_is_named() {
    let service = Service::start().await;
    let cx = operator(&service).await;
    let policy = PolicyChange {
        grace: Some(Duration::from_secs(61)),
        session_jwt_ttl: Some(Duration::from_secs(179)),
        ..PolicyChange::default()
    };
    let asked = ProjectChange { policy, ..named("two\nlines") };
    for outcome in [
        project::create(&cx, &OPERATOR, Environment::Staging, asked.clone()).await,
        project::set(&cx, &OPERATOR.manage(SHOP), asked.clone()).await,
    ] {
        let error = outcome.unwrap_err();
        assert!(matches!(&error, ProjectError::Faults(faults) if faults.len() == 3), "{error}");
        for named in ["name", "grace", "session_jwt_ttl"] {
            assert!(error.to_string().contains(named), "{error}");
        }
    }
    assert_eq!(project::list(&cx, &OPERATOR).await.unwrap().len(), 1);
    let stray = ProjectId::from_bytes([8; 16]);
    assert_eq!(
        project::set(&cx, &OPERATOR.manage(stray), named("x")).await,
        Err(ProjectError::Unknown(stray))
    );
    let key = api_key::create(&cx, &OPERATOR, (stray, Usage::Client), anyone()).await.map(|_| ());
    assert_eq!(key, Err(KeyError::Project(ProjectError::Unknown(stray))));
}

#[tokio::test]
async fn an_adopted_key_opens_its_project_under_the_id_that_it_always_had() {
    let service = Service::start().await;
    let cx = operator(&service).await;
    let theirs = ProjectId::from_bytes([3; 16]);
    let text = foreign_key(Usage::Client, Environment::Staging, theirs);
    let (key, made) =
        api_key::adopt(&cx, &OPERATOR, &text, (anyone(), "Taken over"), foreign_public).await.unwrap();
    assert_eq!((key.project_id, made.id, made.environment), (theirs, theirs, Environment::Staging));
    let sent = service.post("otps/send", &json!({ "email": "ada@example.com" }));
    let sent = sent.header("x-api-key", text.reveal()).send().await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    // Again is the same key, until it is revoked here.
    let again = api_key::adopt(&cx, &OPERATOR, &text, (anyone(), "Other"), foreign_public).await.unwrap();
    assert_eq!((again.0.id, again.1.name.as_str()), (key.id, "Taken over"));
    api_key::revoke(&cx, &OPERATOR, key.id).await.unwrap();
    let after = api_key::adopt(&cx, &OPERATOR, &text, (anyone(), "Other"), foreign_public).await.map(|_| ());
    assert_eq!(after, Err(KeyError::Revoked));
}

#[tokio::test]
async fn threat_46_what_nobody_trusted_signed_or_anyone_has_is_not_adopted() {
    let service = Service::start().await;
    let cx = operator(&service).await;
    let adopt = async |text: &str| {
        let text = ApiKeyText::new(text.to_owned());
        api_key::adopt(&cx, &OPERATOR, &text, (anyone(), "X"), Environment::crossmint_signer)
            .await
            .map(|_| ())
    };
    assert_eq!(adopt(TEST_VECTOR_KEY).await, Err(KeyError::Public));
    let unsigned = foreign_key(Usage::Server, Environment::Production, ProjectId::from_bytes([3; 16]));
    assert_eq!(adopt(unsigned.reveal()).await, Err(ApiKeyError::SignatureInvalid.into()));
    let moved = TEST_VECTOR_KEY.replace("ck_development", "ck_staging");
    assert_eq!(adopt(&moved).await, Err(ApiKeyError::SignatureInvalid.into()));
    assert_eq!(adopt("x").await, Err(ApiKeyError::UsageInvalid.into()));
    assert_eq!(project::list(&cx, &OPERATOR).await.unwrap().len(), 1, "nothing was registered");
}

#[tokio::test]
async fn a_staging_key_never_acts_on_production_users() {
    let service = Service::start().await;
    let cx = operator(&service).await;
    let ada = service.sign_in("ada@example.com").await;
    // One of the production project's ID but signed for staging is not taken over.
    let crossed = foreign_key(Usage::Server, Environment::Staging, SHOP);
    let refused = api_key::adopt(
        &cx,
        &OPERATOR,
        &crossed,
        (AskedKey { scopes: None, callers: AskedCallers::default() }, "X"),
        foreign_public,
    )
    .await
    .map(|_| ());
    let environments = KeyError::Environment { key: Environment::Staging, project: Environment::Production };
    assert_eq!(refused, Err(environments));
    assert_eq!(refused_with(&service, crossed.reveal()).await, "api_key_unknown");

    // A sound one acts on its own project alone: neither sessions nor users of the other are within its reach.
    let staging = project::create(&cx, &OPERATOR, Environment::Staging, named("Try-out")).await.unwrap();
    let all = AskedKey { scopes: Some(Scope::ALL.to_vec()), callers: AskedCallers::default() };
    let (key, _) = api_key::create(&cx, &OPERATOR, (staging.id, Usage::Server), all).await.unwrap();
    let token = ada["refresh"]["secret"].as_str().unwrap();
    let call = service.post("refresh", &json!({ "refresh": token })).header("x-api-key", key.reveal());
    call.send().await.is_problem(401, "project_mismatch");
    let path = format!("{}/{}", crate::support::USER, ada["user"]["id"].as_str().unwrap());
    let call = service.call("GET", &path).header("x-api-key", key.reveal()).send().await;
    assert_eq!(call.field("code"), "user_unknown", "{}", call.text);
    assert_eq!(service.refresh(token).await.status, 200, "and its own project goes on");
}

#[tokio::test]
async fn a_trusted_proxy_moves_the_callers_address_and_nobody_else_does() {
    let configure = |config: &mut authmint_server::AppConfig| {
        config.trusted_proxies = authmint_server::TrustedProxies::new(vec!["192.0.2.0/24".parse().unwrap()]);
    };
    let service = Service::start_as(Setup { configure, ..Setup::default() }).await;
    let state = service.send_code("ada@example.com").await;
    let right = service.code_for("ada@example.com");
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let enter = |peer: &str, code: &str, forwarded: String| {
        let call = service.enter_code("ada@example.com", &state, code).from(peer);
        call.header("x-forwarded-for", &forwarded).send()
    };
    // Five tries burn the code for one caller, whatever that caller wrote before the proxy's own word.
    for number in 0..5 {
        let answer = enter("192.0.2.1:1", wrong, format!("198.51.100.{number}, 203.0.113.7")).await;
        assert_eq!(answer.status, 401);
    }
    let spent = enter("192.0.2.2:1", &right, "203.0.113.7".into()).await;
    spent.is_problem(401, "code_burnt");
    // A connection of that caller's own, claiming to be someone else, is still that caller.
    let claimed = enter("203.0.113.7:9", &right, "203.0.113.8".into()).await;
    claimed.is_problem(401, "code_burnt");
    let other = enter("192.0.2.1:1", &right, "203.0.113.8".into()).await;
    assert_eq!(other.status, 200, "{}", other.text);
}

#[tokio::test]
async fn minted_keys_keep_to_their_origins_as_browsers_write_them() {
    let service = Service::start().await;
    let cx = operator(&service).await;
    let callers =
        AskedCallers { origins: vec!["https://App.Example:443/".into()], ..AskedCallers::default() };
    let (key, _) = api_key::create(&cx, &OPERATOR, (SHOP, Usage::Client), AskedKey { scopes: None, callers })
        .await
        .unwrap();
    for (origin, code) in
        [("https://app.example", "refresh_malformed"), ("https://app.example:8443", "origin_not_allowed")]
    {
        let path = format!("{A}/refresh?{}", query(&[]));
        let call = service.call("POST", &path).body(json!({ "refresh": "x" }).to_string());
        let call = call.header("x-api-key", key.reveal()).header("origin", origin).send().await;
        assert_eq!(call.field("code"), code, "{}", call.text);
    }
}

#[tokio::test]
async fn tls_that_ends_at_a_trusted_proxy_is_tls() {
    let configure = |config: &mut authmint_server::AppConfig| {
        config.trusted_proxies = authmint_server::TrustedProxies::new(vec!["192.0.2.0/24".parse().unwrap()]);
    };
    let setup =
        Setup { public_url: "http://auth.shop.example", production: true, configure, ..Setup::default() };
    let service = Service::start_as(setup).await;
    for (peer, proto, strict) in
        [("192.0.2.1:1", "https", true), ("192.0.2.1:1", "http", false), ("203.0.113.7:1", "https", false)]
    {
        let call = service.call("GET", "/healthz").from(peer).header("x-forwarded-proto", proto);
        let answer = call.send().await;
        assert_eq!(answer.header("strict-transport-security").is_some(), strict, "{peer} {proto}");
    }
}
