//! A store that cannot answer: the caller is told to come back, and nothing that was acknowledged is lost.

use crate::support::{Service, Setup, USER, inline};
use authmint_domain::{model::session::Decision, port::Store as _};
use authmint_protocol::{refresh_token::unverified_session_id, secret::RefreshToken};
use authmint_store::{Options, Store};
use serde_json::json;
use std::sync::mpsc;

#[tokio::test]
async fn while_another_process_holds_the_database_refreshes_wait_and_forgeries_do_not() {
    let service = Service::start().await;
    let material = service.sign_in("ada@example.com").await;
    let token = material["refresh"]["secret"].as_str().unwrap();
    service.refresh(token).await;
    service.pass(600);
    // Keys are looked up again after a while; that is a read, which nobody holds up.
    let other = Store::open(&service.database(), &Options::default()).await.unwrap();
    let (entered, is_in) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let session = unverified_session_id(&RefreshToken::new(token.into())).unwrap();
    let released = std::sync::Mutex::new(released);
    let holding = tokio::spawn(async move {
        let held = other.decide_session(session, move |_| {
            entered.send(()).unwrap();
            let _over = released.lock().unwrap().recv();
            Decision::keep(())
        });
        held.await.unwrap();
    });
    tokio::task::spawn_blocking(move || is_in.recv().unwrap()).await.unwrap();

    let waiting = service.refresh(token).await;
    waiting.is_problem(503, "unavailable");
    assert_eq!(waiting.header("retry-after"), Some("1"));
    assert!(!waiting.text.to_lowercase().contains("database"), "how it is kept is nobody's business");
    service.post("logout", &json!({ "refresh": token })).send().await.is_problem(503, "unavailable");
    let forged = format!("{}{}", &token[..token.len() - 4], "AAAA");
    service.refresh(&forged).await.is_problem(401, "refresh_malformed");
    service.refresh("no-token-of-ours").await.is_problem(401, "refresh_malformed");

    release.send(()).unwrap();
    holding.await.unwrap();
    let renewed = service.refresh(token).await;
    assert_eq!((renewed.status, &renewed.json["user"]), (200, &material["user"]));
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing_that_was_acknowledged() {
    let store = Options { most_pages: Some(64), ..inline() };
    let service =
        Service::start_as(Setup { store, configure: |config| config.limited = false, ..Setup::default() })
            .await;
    let mut acknowledged = Vec::new();
    let refused = loop {
        let email = format!("user-{}@example.com", acknowledged.len());
        let sent = service.post("otps/send", &json!({ "email": email })).send().await;
        if sent.status != 200 {
            break sent;
        }
        let proven =
            service.enter_code(&email, sent.field("emailId"), &service.code_for(&email)).send().await;
        if proven.status != 200 {
            break proven;
        }
        let opened = service.refresh(proven.field("oneTimeSecret")).await;
        if opened.status != 200 {
            break opened;
        }
        acknowledged.push((email, opened.json));
        assert!(acknowledged.len() < 5000, "64 pages must be full by now");
    };
    refused.is_problem(503, "unavailable");
    assert!(!acknowledged.is_empty(), "the quota leaves room to begin with");
    for (email, material) in &acknowledged {
        let bearer = format!("Bearer {}", material["jwt"].as_str().unwrap());
        let known = service.call("GET", USER).header("authorization", &bearer).send().await;
        assert_eq!((known.status, known.field("email")), (200, email.as_str()), "{}", known.text);
    }
}
