//! `authmint signing-key` beside a running service.

use crate::program::{Program, authmint};
use authmint_domain::model::key_ring::KeyRing;
use reqwest::Method;
use serde_json::Value;
use std::{fs, path::Path, time::Duration};

fn signing_key(data: &Path, arguments: &[&str]) -> Result<Vec<Vec<String>>, String> {
    let database = format!("sqlite:{}", data.join("authmint.db").display());
    let output = authmint()
        .arg("signing-key")
        .args(arguments)
        .args(["--database", &database, "--key-ring"])
        .arg(data.join("key-ring"))
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    Ok(text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect())
}

fn kids(keys: &[Vec<String>], state: &str) -> Vec<String> {
    keys.iter().filter(|key| key[2] == state).map(|key| key[0].clone()).collect()
}

async fn published(program: &Program) -> Vec<String> {
    let answer = program.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap();
    let set: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_running_service_drops_a_revoked_key_by_itself_and_goes_on_signing() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &[]);
    let token = program.sign_in("ada@example.com").await;
    let keys = signing_key(data.path(), &["list"]).unwrap();
    let (active, next) = (kids(&keys, "active"), kids(&keys, "next"));
    assert_eq!((active.len(), next.len()), (1, 1));
    assert_eq!(published(&program).await.len(), 2);

    let keys = signing_key(data.path(), &["revoke", &active[0]]).unwrap();
    assert_eq!((kids(&keys, "revoked"), kids(&keys, "active")), (active.clone(), next));
    let dropped = async {
        while published(&program).await.contains(&active[0]) {
            tokio::task::yield_now().await;
        }
    };
    // It looks every second; the rest is for a busy machine.
    tokio::time::timeout(Duration::from_secs(10), dropped).await.expect("the service follows");
    assert_eq!(program.refresh(&token).await.unwrap().0, 200);
    assert_eq!(published(&program).await.len(), 2, "a next key is published again");

    let again = signing_key(data.path(), &["revoke", &active[0]]).unwrap_err();
    assert!(again.contains("revoked"), "{again}");
    let unknown = signing_key(data.path(), &["revoke", "nonsense"]).unwrap_err();
    assert!(unknown.contains("signing-key list"), "{unknown}");
    let early = signing_key(data.path(), &["rotate"]).unwrap_err();
    assert!(early.contains("revoke it instead"), "{early}");
}

#[test]
fn a_foreign_key_ring_or_a_missing_database_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let missing = signing_key(data.path(), &["list"]).unwrap_err();
    assert!(missing.contains("no database"), "{missing}");
    assert!(!data.path().join("authmint.db").exists());

    assert_eq!(Program::start(data.path(), &[]).terminate().code(), Some(0));
    let before = signing_key(data.path(), &["list"]).unwrap();
    let ring = data.path().join("key-ring");
    let own = fs::read(&ring).unwrap();
    fs::write(&ring, KeyRing::text(1, &[9; 32]).as_bytes()).unwrap();
    let foreign = signing_key(data.path(), &["revoke", &kids(&before, "active")[0]]).unwrap_err();
    assert!(foreign.contains("key ring"), "{foreign}");
    fs::write(&ring, own).unwrap();
    assert_eq!(signing_key(data.path(), &["list"]).unwrap(), before);
}

#[tokio::test]
async fn keys_sealed_under_an_older_key_of_the_ring_sign_on() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &[]);
    let token = program.sign_in("ada@example.com").await;
    assert_eq!(program.terminate().code(), Some(0));
    let before = signing_key(data.path(), &["list"]).unwrap();

    let ring = data.path().join("key-ring");
    let old = fs::read_to_string(&ring).unwrap();
    fs::write(&ring, format!("{}\n{old}", KeyRing::text(2, &[9; 32]).as_str())).unwrap();
    let program = Program::start(data.path(), &[]);
    assert_eq!(program.refresh(&token).await.unwrap().0, 200);
    assert_eq!(signing_key(data.path(), &["list"]).unwrap(), before);
    let after = signing_key(data.path(), &["revoke", &kids(&before, "next")[0]]).unwrap();
    assert_eq!(kids(&after, "active"), kids(&before, "active"));
    assert_ne!(kids(&after, "next"), kids(&before, "next"), "the new one is sealed under the new ring");
}
