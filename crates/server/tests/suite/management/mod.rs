//! `/api/v1`, each operation over HTTP with what it brings about.

mod api_keys;
mod events;
mod last_used;
mod lists;
mod operators;
mod projects;
mod sessions;
mod threats;
mod users;
mod who;

use crate::support::{Answer, Service};
use serde_json::{Value, json};

/// The project that every test's service has from the start.
const SHOP: &str = "01010101-0101-0101-0101-010101010101";
/// Everything that a server key may do.
const ALL: [&str; 8] = [
    "users.create",
    "users.read",
    "users.write",
    "sessions.read",
    "sessions.revoke",
    "events.read",
    "feed.read",
    "project.write",
];

async fn make_project(service: &Service, operator: &str, environment: &str) -> String {
    let body = json!({ "name": "Other", "environment": environment }).to_string();
    let made = service.manage(operator, "POST", "projects").body(body).send().await.success();
    made.field("id").to_owned()
}

/// The text of a new server key.
async fn make_server_key(service: &Service, operator: &str, project: &str, scopes: &[&str]) -> String {
    let path = format!("projects/{project}/api-keys");
    let body = json!({ "usage": "server", "scopes": scopes }).to_string();
    let made = service.manage(operator, "POST", &path).body(body).send().await.success();
    made.field("key").to_owned()
}

/// The newest lines of the shop's trail of one kind.
async fn events(service: &Service, operator: &str, kind: &str) -> Answer {
    let path = format!("events?project_id={SHOP}&kind={kind}");
    service.manage(operator, "GET", &path).send().await.success()
}

fn token_of(material: &Value) -> &str {
    material["refresh"]["secret"].as_str().unwrap()
}

fn user_of(material: &Value) -> &str {
    material["user"]["id"].as_str().unwrap()
}

fn session_of(material: &Value) -> String {
    let token = authmint_protocol::secret::RefreshToken::new(token_of(material).to_owned());
    authmint_protocol::refresh_token::unverified_session_id(&token).unwrap().to_string()
}

/// Where a session JWT is held against the database.
async fn profile(service: &Service, material: &Value) -> Answer {
    let bearer = format!("Bearer {}", material["jwt"].as_str().unwrap());
    service.call("GET", crate::support::USER).header("authorization", &bearer).send().await
}
