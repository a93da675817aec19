//! Issuers of others: trusted, and their JWTs traded for sessions.

mod exchange;
mod hostile;
mod manage;
mod server;

use crate::{
    ledger,
    support::{Answer, START, Service, Setup},
};
use authmint_domain::model::project::Scope;
use serde_json::{Value, json};
use server::Issuer;

pub(super) const EXCHANGE: &str = "/api/v1/sessions/exchange";
pub(super) const AUDIENCE: &str = "shop-app";

/// A service, an issuer that its project trusts as `corp`, and a key that manages the project.
pub(super) struct Stage {
    pub(super) service: Service,
    pub(super) issuer: Issuer,
    pub(super) manager: String,
}

impl Stage {
    pub(super) async fn set() -> Self {
        Self::set_as(Setup::default(), json!({})).await
    }

    pub(super) async fn set_as(setup: Setup, terms: Value) -> Self {
        let service = Service::start_as(setup).await;
        let manager = service.add_server_key(9, &[Scope::ProjectWrite, Scope::EventsRead]).await;
        let stage = Self { service, issuer: Issuer::start("key-1").await, manager };
        stage.trust("corp", &stage.issuer.url, terms).await.success();
        stage
    }

    pub(super) async fn trust(&self, name: &str, issuer: &str, terms: Value) -> Answer {
        let mut body = json!({ "name": name, "issuer": issuer, "audience": [AUDIENCE] });
        for (key, value) in terms.as_object().unwrap() {
            body[key] = value.clone();
        }
        self.service.manage(&self.manager, "POST", "issuers").body(body.to_string()).send().await
    }

    pub(super) fn claims(&self, user: &str) -> Value {
        let now = START.unix_seconds();
        json!({ "iss": self.issuer.url, "aud": AUDIENCE, "sub": user, "iat": now, "exp": now + 600 })
    }

    pub(super) fn token(&self, user: &str) -> String {
        self.issuer.key.token(&self.claims(user))
    }

    pub(super) async fn exchange(&self, token: &str) -> Answer {
        ledger::secret(token);
        self.service.call("POST", EXCHANGE).body(request(token).to_string()).send().await
    }

    /// The kinds of the audit trail, the newest first.
    pub(super) async fn events(&self) -> Vec<String> {
        let answer = self.service.manage(&self.manager, "GET", "events").send().await.success();
        answer.items("kind").into_iter().map(str::to_owned).collect()
    }
}

pub(super) fn request(token: &str) -> Value {
    json!({
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    })
}
