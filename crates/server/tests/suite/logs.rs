//! What is written down of requests: enough to find a fault, and nothing that opens a door.

use crate::support::{Service, USER};
use serde_json::json;
use std::{
    io,
    sync::{Arc, Mutex},
};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Lines {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

pub(crate) fn captured() -> (Lines, tracing::subscriber::DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(lines.clone())
        .finish();
    (lines, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn threat_18_logs_carry_no_secret_even_at_the_most_talkative_level() {
    let (lines, _guard) = captured();
    let service = Service::start().await;
    let secret = service.one_time_secret("ada@example.com").await;
    let material = service.refresh(&secret).await.json;
    let (jwt, token) = (material["jwt"].as_str().unwrap(), material["refresh"]["secret"].as_str().unwrap());
    let bearer = format!("Bearer {jwt}");
    let profile = service.call("GET", USER).header("authorization", &bearer).header("cookie", "a=crumbly");
    assert_eq!(profile.send().await.status, 200);
    service.call("GET", "/no/such/hunter2?password=hunter2").send().await.is_problem(404, "not_found");
    let broken = format!("{}x", &token[..token.len() - 1]);
    service.refresh(&broken).await.is_problem(401, "refresh_malformed");
    service
        .enter_code("ada@example.com", "state-text", "918273")
        .send()
        .await
        .is_problem(401, "code_invalid");
    service.post("logout", &json!({ "refresh": token })).send().await;

    let text = lines.text();
    let code = service.code_for("ada@example.com");
    for kept in [
        secret.as_str(),
        jwt,
        token,
        &broken,
        &service.client_key,
        &service.server_key,
        &code,
        "918273",
        "ada@",
        "state-text",
        "crumbly",
        "hunter2",
    ] {
        assert!(!text.contains(kept), "{kept} stands in the log");
    }
}

#[tokio::test]
async fn each_request_is_one_line_that_finds_it_again() {
    let (lines, _guard) = captured();
    let service = Service::start().await;
    let refused = service.refresh("no-token-of-ours").await;
    let id = refused.header("x-request-id").unwrap();
    let text = lines.text();
    let found: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["span"]["id"] == id)
        .collect();
    let [line] = found.as_slice() else { panic!("one line of the request in {text}") };
    assert_eq!(line["fields"]["status"], 401);
    assert_eq!(line["fields"]["code"], "refresh_malformed");
    assert_eq!(line["span"]["method"], "POST");
    assert_eq!(line["span"]["route"], "/api/2024-09-26/session/sdk/auth/refresh");
    assert_eq!(line["span"]["project"], "01010101-0101-0101-0101-010101010101");
    assert!(line["fields"]["ms"].is_number());
}

#[tokio::test]
async fn what_a_caller_invents_adds_no_line_and_no_field() {
    let (lines, _guard) = captured();
    let service = Service::start().await;
    let forged = "x\" level=ERROR message=\"forged";
    let call = service.call("FORGED", "/forged%0Aline").header("x-request-id", forged);
    assert_eq!(call.header("user-agent", forged).send().await.status, 404);
    assert!(!lines.text().to_lowercase().contains("forged"), "{}", lines.text());
}
