//! The stories of the refresh rule over real HTTP, against the running program on its own disk.

use crate::program::Program;
use serde_json::json;
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

async fn signed_in() -> (TempDir, Program, String) {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &["--virtual-clock"]);
    let token = program.sign_in("ada@example.com").await;
    (data, program, token)
}

/// A refresh that must be answered: the token to go on with.
async fn refreshed(program: &Program, token: &str) -> String {
    let (status, answer) = program.refresh(token).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer
}

/// A refresh that must be refused: the error's code.
async fn refused(program: &Program, token: &str) -> String {
    let (status, code) = program.refresh(token).await.unwrap();
    assert_eq!(status, 401, "{code}");
    code
}

#[tokio::test]
async fn a_young_token_is_answered_with_itself_and_a_settled_one_rotates() {
    let (_data, program, first) = signed_in().await;
    for _ in 0..5 {
        assert_eq!(refreshed(&program, &first).await, first);
        program.advance(30).await;
    }
    program.advance(2 * MINUTE).await;
    assert_ne!(refreshed(&program, &first).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_fifty_gets_one_successor() {
    let (_data, program, first) = signed_in().await;
    program.advance(5 * MINUTE).await;
    let program = Arc::new(program);
    let mut storm = JoinSet::new();
    for _ in 0..50 {
        let (program, first) = (Arc::clone(&program), first.clone());
        storm.spawn(async move { refreshed(&program, &first).await });
    }
    let answers: HashSet<_> = storm.join_all().await.into_iter().collect();
    assert_eq!(answers.len(), 1);
    assert!(!answers.contains(&first));
}

#[tokio::test]
async fn a_lost_answer_is_given_again_at_once_and_made_up_for_hours_later_across_a_restart() {
    let (data, program, first) = signed_in().await;
    program.advance(5 * MINUTE).await;
    let lost = refreshed(&program, &first).await;
    program.advance(9).await;
    assert_eq!(refreshed(&program, &first).await, lost, "within the grace window: the same bytes");
    program.advance(60 * MINUTE).await;
    let late = refreshed(&program, &first).await;
    assert_ne!(late, lost, "a branch of its own, so that two holders could be told apart");
    assert_eq!(refreshed(&program, &first).await, late, "and the same again for everyone who comes now");
    assert_eq!(program.terminate().code(), Some(0));

    let program = Program::start(data.path(), &["--virtual-clock"]);
    program.advance(120 * MINUTE).await;
    let next = refreshed(&program, &late).await;
    program.advance(5 * MINUTE).await;
    assert_ne!(refreshed(&program, &next).await, next);
}

#[tokio::test]
async fn two_live_branches_of_one_generation_are_two_holders() {
    let (_data, program, first) = signed_in().await;
    program.advance(5 * MINUTE).await;
    let victims = refreshed(&program, &first).await;
    program.advance(MINUTE).await;
    let thiefs = refreshed(&program, &first).await;
    program.advance(5 * MINUTE).await;
    let next = refreshed(&program, &thiefs).await;
    program.advance(MINUTE).await;
    assert_eq!(refused(&program, &victims).await, "session_revoked");
    for token in [&first, &victims, &thiefs, &next] {
        assert_eq!(refused(&program, token).await, "session_revoked", "nothing of an ended session works");
    }
}

#[tokio::test]
async fn threat_15_a_token_two_generations_old_ends_the_session_however_quickly_it_comes() {
    let (_data, program, first) = signed_in().await;
    program.advance(5 * MINUTE).await;
    let second = refreshed(&program, &first).await;
    program.advance(5 * MINUTE).await;
    let third = refreshed(&program, &second).await;
    assert_eq!(refused(&program, &first).await, "session_revoked");
    assert_eq!(refused(&program, &third).await, "session_revoked");
}

#[tokio::test]
async fn any_token_of_a_session_signs_it_out_for_good_and_across_a_restart() {
    let (data, program, first) = signed_in().await;
    program.advance(5 * MINUTE).await;
    let second = refreshed(&program, &first).await;
    for _ in 0..2 {
        let (status, body) = program.call("logout", &serde_json::json!({ "refresh": first })).await.unwrap();
        assert_eq!((status, body), (200, serde_json::json!({})));
    }
    assert_eq!(program.terminate().code(), Some(0));
    let program = Program::start(data.path(), &["--virtual-clock"]);
    assert_eq!(refused(&program, &second).await, "session_revoked");
}

#[tokio::test]
async fn an_idle_session_ends_and_a_busy_one_ends_with_its_absolute_life() {
    let (_data, program, first) = signed_in().await;
    let idle = program.sign_in("grace@example.com").await;
    let mut token = first;
    for _ in 0..6 {
        program.advance(14 * DAY).await;
        token = refreshed(&program, &token).await;
    }
    assert_eq!(refused(&program, &idle).await, "session_expired");
    program.advance(6 * DAY).await;
    assert_eq!(refused(&program, &token).await, "session_expired");
}

#[tokio::test]
async fn a_one_time_secret_opens_one_session_and_its_reuse_ends_none() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &["--virtual-clock"]);
    let secret = program.one_time_secret("ada@example.com").await;
    let first = refreshed(&program, &secret).await;
    assert_eq!(refreshed(&program, &secret).await, first);
    program.advance(11).await;
    assert_eq!(refused(&program, &secret).await, "one_time_secret_used");
    assert_eq!(refreshed(&program, &first).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_40_a_hundred_parallel_wrong_codes_count_as_a_hundred() {
    let data = tempfile::tempdir().unwrap();
    let program = Arc::new(Program::start(data.path(), &[]));
    let (state, right) = program.send_code("ada@example.com").await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let guesses: Vec<_> = (0..100)
        .map(|_| {
            let (program, state) = (Arc::clone(&program), state.clone());
            tokio::spawn(async move { program.enter_code("ada@example.com", &state, wrong).await })
        })
        .collect();
    let mut told = BTreeMap::new();
    for guess in guesses {
        let (status, body) = guess.await.unwrap();
        assert_eq!(status, 401, "{body}");
        *told.entry(body["code"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    let wrong_ones = told.remove("code_invalid").unwrap_or_default();
    assert!((1..=5).contains(&wrong_ones), "a code stands five guesses: {wrong_ones}");
    assert_eq!(told, BTreeMap::from([("code_burnt".to_owned(), 100 - wrong_ones)]));
    let (status, body) = program.enter_code("ada@example.com", &state, &right).await;
    assert_eq!((status, body["code"].as_str()), (401, Some("code_burnt")), "the right one comes too late");
}

#[tokio::test]
async fn what_this_service_did_not_make_is_refused_as_malformed() {
    let (_data, program, first) = signed_in().await;
    let mut forged = first.clone().into_bytes();
    let last = forged.len() - 2;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for text in [forged.as_str(), "", "x", &"a".repeat(10_000)] {
        assert_eq!(refused(&program, text).await, "refresh_malformed");
    }
    assert_eq!(refreshed(&program, &first).await, first);
}

#[tokio::test]
async fn s21_a_sign_out_at_the_service_reaches_the_demo_app_while_the_jwt_is_still_good() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), &[]);
    let secret = program.one_time_secret("ada@example.com").await;
    let (status, material) = program.call("refresh", &json!({ "refresh": secret })).await.unwrap();
    assert_eq!(status, 200, "{material}");
    let cookie = format!("crossmint-jwt={}", material["jwt"].as_str().unwrap());
    let http = reqwest::Client::new();
    let me = || async {
        let request = http.get(format!("{}/api/me", program.said("demoUrl"))).header("cookie", &cookie);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(me().await.0, 200);
    let token = &material["refresh"]["secret"];
    assert_eq!(program.call("logout", &json!({ "refresh": token })).await.unwrap().0, 200);
    // Within the two seconds that are promised; a JWT that nobody told of would serve for fifteen minutes.
    let refused = async {
        loop {
            let (status, body) = me().await;
            if status != 200 {
                return (status, body);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (status, body) =
        tokio::time::timeout(Duration::from_secs(2), refused).await.expect("refused in time");
    assert!(status == 401 && body.contains("session_revoked"), "{status} {body}");
}
