//! `authmint dev`: what it prints, what it keeps, what it refuses, how it stops.

use crate::program::{Program, authmint};
use authmint_domain::model::key_ring::KeyRing;
use reqwest::Method;
use std::{fs, net::TcpListener};

#[tokio::test]
async fn it_prints_what_a_program_needs_and_both_listeners_answer() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &[]);
    for name in ["baseUrl", "demoUrl", "projectId", "clientKey", "serverKey", "inboxUrl"] {
        assert!(!program.said(name).is_empty());
    }
    assert!(program.said("serverKey").starts_with("sk_development_"));
    assert_eq!(program.request(Method::GET, "/readyz").send().await.unwrap().status(), 200);
    let page = reqwest::get(program.said("demoUrl")).await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("id=\"email\""));
}

#[tokio::test]
async fn a_session_and_the_keys_outlive_a_restart_and_sigterm_ends_it_well() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &[]);
    let server_key = program.said("serverKey").to_owned();
    let token = program.sign_in("ada@example.com").await;
    assert_eq!(program.terminate().code(), Some(0));

    let program = Program::start(data.path(), &[]);
    assert_eq!(program.said("serverKey"), server_key);
    assert_eq!(program.refresh(&token).await.unwrap().0, 200);
}

#[tokio::test]
async fn it_answers_loopback_hosts_only_so_that_no_page_reaches_it_by_another_name() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &[]);
    let answer =
        program.request(Method::GET, "/dev/inbox.json").header("host", "evil.example").send().await.unwrap();
    assert!(answer.status().is_client_error(), "{}", answer.status());
}

#[tokio::test]
async fn the_clock_moves_only_where_that_was_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let advance = |program: &Program| {
        program
            .request(Method::POST, "/dev/clock")
            .header("content-type", "application/json")
            .body(r#"{"advance_s": 7776000}"#)
            .send()
    };
    let program = Program::start(data.path(), &[]);
    assert!(advance(&program).await.unwrap().status().is_client_error());
    let token = program.sign_in("ada@example.com").await;
    assert_eq!(program.terminate().code(), Some(0));

    let program = Program::start(data.path(), &["--virtual-clock"]);
    assert_eq!(program.refresh(&token).await.unwrap().0, 200);
    assert_eq!(advance(&program).await.unwrap().status(), 200);
    assert_eq!(program.refresh(&token).await.unwrap(), (401, "session_expired".to_owned()));
}

#[test]
fn a_folder_with_other_data_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("thesis.tex"), "years of work").unwrap();
    let output = authmint()
        .args(["dev", "--port", "0", "--demo-port", "0", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--data"));
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_foreign_key_ring_is_refused_since_every_token_would_look_forged() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(Program::start(data.path(), &[]).terminate().code(), Some(0));
    fs::write(data.path().join("key-ring"), KeyRing::text(1, &[9; 32]).as_bytes()).unwrap();
    let output = authmint()
        .args(["dev", "--port", "0", "--demo-port", "0", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("key ring"));
}

#[cfg(unix)]
#[tokio::test]
async fn what_it_keeps_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let program = Program::start(&data, &[]);
    program.sign_in("ada@example.com").await;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["key-ring", "authmint.db"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_taken_port_is_named_with_the_option_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = tempfile::tempdir().unwrap();
    let output = authmint().args(["dev", "--port", &port, "--data"]).arg(data.path()).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(complaint.contains(&port) && complaint.contains("--port"), "{complaint}");
}

#[test]
fn a_new_key_ring_is_printed_and_no_two_are_alike() {
    let print = || {
        let output = authmint().args(["key-ring", "new"]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let (one, other) = (print(), print());
    assert!(one.parse::<KeyRing>().is_ok());
    assert_ne!(one, other);
}
