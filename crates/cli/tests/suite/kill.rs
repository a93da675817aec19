//! Killed in the middle of its work, the program loses nothing that it acknowledged.

use crate::program::Program;
use std::{collections::HashSet, sync::Arc};
use tokio::{sync::Barrier, task::JoinSet};

const SESSIONS: usize = 256;
/// Half of them amid the storm, half right after its last answer.
const KILLS: usize = 40;

/// What one browser remembers.
struct Jar {
    token: String,
    /// Whether its sign-out was acknowledged; such a session must stay ended.
    signed_out: bool,
}

/// Every session is refreshed at once, and over and over, until the program dies under it; some sign out.
///
/// In every second round the kill comes right after the last answer instead: an answer that ran ahead of its commit
/// would go unnoticed as long as the next group of writes commits it in passing.
///
/// With M = 0 each refresh rotates. So after the restart an acknowledged token must rotate again: were its rotation
/// lost, the row would adopt the token and hand the same one back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_amid_refreshes_it_loses_no_acknowledged_rotation_or_sign_out() {
    let data = tempfile::tempdir().unwrap();
    let options = ["--settle", "0", "--grace", "0", "--no-limits"];
    let mut program = Program::start(data.path(), &options);
    let mut jars = Vec::new();
    for number in 0..SESSIONS {
        jars.push(Jar {
            token: program.sign_in(&format!("user{number}@example.com")).await,
            signed_out: false,
        });
    }
    let mut rotations = 0;
    for round in 0..KILLS {
        let (after, acknowledged) = storm_until_killed(program, jars, round).await;
        rotations += acknowledged;
        program = Program::start(data.path(), &options);
        jars = Vec::new();
        for mut jar in after {
            let (status, answer) = program.refresh(&jar.token).await.unwrap();
            if jar.signed_out {
                assert_eq!(
                    (status, answer.as_str()),
                    (401, "session_revoked"),
                    "an acknowledged sign-out was lost"
                );
                jar = Jar { token: program.sign_in("again@example.com").await, signed_out: false };
            } else {
                assert_eq!(status, 200, "an honest jar was signed out: {answer}");
                assert_ne!(answer, jar.token, "an acknowledged rotation was lost");
                jar.token = answer;
            }
            jars.push(jar);
        }
        while jars.len() < SESSIONS {
            jars.push(Jar { token: program.sign_in("again@example.com").await, signed_out: false });
        }
        let distinct: HashSet<_> = jars.iter().map(|jar| &jar.token).collect();
        assert_eq!(distinct.len(), SESSIONS);
    }
    assert!(rotations > SESSIONS * KILLS, "the storms rotated {rotations} times: too few to mean anything");
}

/// Lets every jar refresh at once until the program is killed, and answers what each holds and how many rotations
/// were acknowledged.
async fn storm_until_killed(program: Program, jars: Vec<Jar>, round: usize) -> (Vec<Jar>, usize) {
    let program = Arc::new(program);
    let start = Arc::new(Barrier::new(jars.len() + 1));
    // The kill comes after so many acknowledged answers, a different number each round: no timer decides.
    let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    let most_answers = if round % 2 == 1 { 1 + round % 3 } else { usize::MAX };
    for (number, mut jar) in jars.into_iter().enumerate() {
        let (program, start, answered) = (Arc::clone(&program), Arc::clone(&start), answered.clone());
        tasks.spawn(async move {
            start.wait().await;
            let signs_out = number % 16 == round % 16;
            let mut answers = 0;
            while !jar.signed_out && answers < most_answers {
                if signs_out {
                    let body = serde_json::json!({ "refresh": jar.token });
                    match program.call("logout", &body).await {
                        Ok((200, _)) => jar.signed_out = true,
                        Ok(other) => panic!("a sign-out was refused: {other:?}"),
                        Err(_killed) => break,
                    }
                } else {
                    match program.refresh(&jar.token).await {
                        Ok((200, token)) => jar.token = token,
                        Ok(other) => panic!("an honest refresh was refused: {other:?}"),
                        Err(_killed) => break,
                    }
                }
                answers += 1;
                let _counted = answered.send(());
            }
            (jar, signs_out)
        });
    }
    drop(answered);
    start.wait().await;
    let wanted = 300 + round * 37;
    let mut acknowledged = 0;
    while answers.recv().await.is_some() {
        acknowledged += 1;
        if acknowledged == wanted && most_answers == usize::MAX {
            kill(&program);
        }
    }
    // The calm rounds end by themselves; then the last answer has just come.
    kill(&program);
    let mut after = Vec::new();
    while let Some(jar) = tasks.join_next().await {
        // A sign-out whose answer was lost may or may not have happened: such a session proves nothing either way.
        let (jar, signs_out) = jar.unwrap();
        if !signs_out || jar.signed_out {
            after.push(jar);
        }
    }
    (after, acknowledged)
}

/// Kills the process although requests to it are still under way.
fn kill(program: &Program) {
    let killed =
        std::process::Command::new("kill").args(["-KILL", &program.id().to_string()]).status().unwrap();
    assert!(killed.success());
}
