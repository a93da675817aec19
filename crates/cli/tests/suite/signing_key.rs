//! `authmint signing-key` beside a running service.

use crate::{
    program::Program,
    served::{Place, Served},
};
use authmint_domain::model::key_ring::KeyRing;
use serde_json::{Value, json};
use std::{fs, time::Duration};

fn list(place: &Place) -> Value {
    place.run(&["signing-key", "--json", "list"])
}

fn kids(keys: &Value, state: &str) -> Vec<String> {
    let keys = keys.as_array().unwrap().iter().filter(|key| key["state"] == state);
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn published(served: &Served) -> Vec<String> {
    let (status, set) = served.get("/.well-known/jwks.json").await;
    assert_eq!(status, 200, "{set}");
    let set: Value = serde_json::from_str(&set).unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn refresh(served: &Served, key: &str, token: &str) -> u16 {
    served.call(key, "refresh", &json!({ "refresh": token })).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_drops_a_revoked_key_by_itself_and_goes_on_signing() {
    let place = Place::new();
    let mails = place.configure_with_mail();
    let served = Served::start(&place);
    let client = place.client_key();
    let token = served.sign_in(&client, "ada@example.com", &mails).await;
    let keys = list(&place);
    let (active, next) = (kids(&keys, "active"), kids(&keys, "next"));
    assert_eq!((active.len(), next.len()), (1, 1));
    assert_eq!(published(&served).await.len(), 2);

    let keys = place.run(&["signing-key", "revoke", "--json", &active[0]]);
    assert_eq!((kids(&keys, "revoked"), kids(&keys, "active")), (active.clone(), next));
    let dropped = async {
        while published(&served).await.contains(&active[0]) {
            tokio::task::yield_now().await;
        }
    };
    // It looks every second; the rest is for a busy machine.
    tokio::time::timeout(Duration::from_secs(10), dropped).await.expect("the service follows");
    assert_eq!(refresh(&served, &client, &token).await, 200);
    assert_eq!(published(&served).await.len(), 2, "a next key is published again");

    let again = place.refused(&["signing-key", "revoke", &active[0]]);
    assert!(again.contains("revoked"), "{again}");
    let unknown = place.refused(&["signing-key", "revoke", "nonsense"]);
    assert!(unknown.contains("signing-key list"), "{unknown}");
    let early = place.refused(&["signing-key", "rotate"]);
    assert!(early.contains("revoke it instead"), "{early}");
}

#[test]
fn a_foreign_key_ring_a_missing_database_or_a_development_folder_changes_nothing() {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    let missing = place.refused(&["signing-key", "list"]);
    assert!(missing.contains("no database"), "{missing}");
    assert!(!place.path("data").exists(), "and none is made");

    assert_eq!(Served::start(&place).terminate().code(), Some(0));
    let before = list(&place);
    let ring = place.path("data/key-ring");
    let own = fs::read(&ring).unwrap();
    fs::write(&ring, KeyRing::text(1, &[9; 32]).as_bytes()).unwrap();
    let foreign = place.refused(&["signing-key", "revoke", &kids(&before, "active")[0]]);
    assert!(foreign.contains("key ring"), "{foreign}");
    fs::write(&ring, own).unwrap();
    assert_eq!(list(&place), before);

    let dev = tempfile::tempdir().unwrap();
    assert_eq!(Program::start(dev.path(), &[]).terminate().code(), Some(0));
    let database = format!("sqlite:{}", dev.path().join("authmint.db").display());
    let refused = place.refused(&["signing-key", "list", "--database", &database]);
    assert!(refused.contains("database (from --database)") && refused.contains("authmint dev"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_sealed_under_an_older_key_of_the_ring_sign_on() {
    let place = Place::new();
    let mails = place.configure_with_mail();
    let served = Served::start(&place);
    let client = place.client_key();
    let token = served.sign_in(&client, "ada@example.com", &mails).await;
    assert_eq!(served.terminate().code(), Some(0));
    let before = list(&place);

    let ring = place.path("data/key-ring");
    let old = fs::read_to_string(&ring).unwrap();
    fs::write(&ring, format!("{}\n{old}", KeyRing::text(2, &[9; 32]).as_str())).unwrap();
    let served = Served::start(&place);
    assert_eq!(refresh(&served, &client, &token).await, 200);
    assert_eq!(list(&place), before);
    let after = place.run(&["signing-key", "--json", "revoke", &kids(&before, "next")[0]]);
    assert_eq!(kids(&after, "active"), kids(&before, "active"));
    assert_ne!(kids(&after, "next"), kids(&before, "next"), "the new one is sealed under the new ring");
}
