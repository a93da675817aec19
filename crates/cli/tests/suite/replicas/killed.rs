//! Machines die: replicas under load, and the database under all of them. What was acknowledged is there afterwards.

use super::{DATABASE, Fleet, people, refresh};
use crate::served::Served;
use authmint_journeys_postgres::Server;
use authmint_protocol::id::SessionId;
use serde_json::json;
use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;

const JARS: u32 = 64;
/// Every refresh rotates, so that an acknowledged rotation that was lost is seen: its token would be handed back as it is.
pub(super) const ROTATING: [&str; 4] = ["--settle", "0", "--grace", "0"];

/// The replicas that run now; a dead one's place is taken by the next.
pub(super) type Replicas = [RwLock<Arc<Served>>; 2];

/// What one browser holds.
pub(super) struct Jar {
    session: SessionId,
    token: String,
    signed_out: bool,
}

/// Why a jar's history is not an honest one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lost {
    Rotation,
    SignOut,
    Session(u16, String),
}

/// Refreshes until it is answered, at either replica, as a client that means to go on.
async fn answered(replicas: &Replicas, key: &str, token: &str, turn: u32) -> Result<String, (u16, String)> {
    for turn in turn.. {
        let replica = Arc::clone(&replicas[turn as usize % 2].read().unwrap());
        match refresh(&replica, key, token).await {
            Some(Err((status, _))) if status >= 500 => tokio::time::sleep(Duration::from_millis(20)).await,
            Some(answer) => return answer,
            None => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
    unreachable!("turns do not end")
}

/// Holds what a jar was told against what the service knows: the next refresh must rotate, a sign-out must hold.
pub(super) async fn check(replicas: &Replicas, key: &str, jar: &mut Jar) -> Result<(), Lost> {
    let answer = answered(replicas, key, &jar.token, 0).await;
    match answer {
        Ok(_) if jar.signed_out => Err(Lost::SignOut),
        Ok(next) if next == jar.token => Err(Lost::Rotation),
        Ok(next) => {
            jar.token = next;
            Ok(())
        }
        Err((401, code)) if jar.signed_out && code == "session_revoked" => Ok(()),
        Err((status, code)) => Err(Lost::Session(status, code)),
    }
}

/// Lets every jar refresh over and over until `over`; a few sign out instead. Answers them, and how many rotations were acknowledged.
pub(super) async fn storm(
    fleet: &Arc<Fleet>,
    replicas: &Arc<Replicas>,
    jars: Vec<Jar>,
    over: &Arc<AtomicBool>,
) -> (Vec<Jar>, u32) {
    let rotations = Arc::new(AtomicU32::new(0));
    let mut running = JoinSet::new();
    for (number, mut jar) in (0..).zip(jars) {
        let (fleet, replicas, over) = (Arc::clone(fleet), Arc::clone(replicas), Arc::clone(over));
        let rotations = Arc::clone(&rotations);
        running.spawn(async move {
            let mut turn = number;
            while !over.load(Ordering::Relaxed) {
                turn += 1;
                let next = answered(&replicas, &fleet.key, &jar.token, turn).await;
                let next = next.unwrap_or_else(|refused| panic!("an honest jar was signed out: {refused:?}"));
                assert_ne!(next, jar.token, "an acknowledged rotation was lost");
                jar.token = next;
                rotations.fetch_add(1, Ordering::Relaxed);
                if turn > 40 && number % 8 == 7 {
                    jar.signed_out = signs_out(&replicas, &fleet.key, &jar.token, turn).await;
                    break;
                }
            }
            jar
        });
    }
    let jars = running.join_all().await;
    (jars, rotations.load(Ordering::Relaxed))
}

async fn signs_out(replicas: &Replicas, key: &str, token: &str, turn: u32) -> bool {
    for turn in turn.. {
        let replica = Arc::clone(&replicas[turn as usize % 2].read().unwrap());
        match replica.try_call(key, "logout", &json!({ "refresh": token })).await {
            Some((200, _)) => return true,
            Some((status, answer)) => assert!(status >= 500, "{answer}"),
            None => {}
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    unreachable!("turns do not end")
}

pub(super) fn jars(fleet: &Fleet, server: &Server, count: u32) -> Vec<Jar> {
    let sessions = fleet.copy(server, count);
    sessions
        .into_iter()
        .map(|session| Jar { session, token: fleet.token(session), signed_out: false })
        .collect()
}

fn two(fleet: &Fleet) -> Arc<Replicas> {
    Arc::new([(); 2].map(|()| RwLock::new(Arc::new(Served::start(&fleet.place)))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_killed_every_second_lose_no_sign_in_no_rotation_and_no_sign_out() {
    const KILLS: usize = 60;
    let server = Server::start().unwrap();
    let fleet = Arc::new(Fleet::start(&server.create_database(DATABASE).unwrap(), &ROTATING).await);
    let (replicas, over) = (two(&fleet), Arc::new(AtomicBool::new(false)));
    let held = jars(&fleet, &server, JARS);
    let killing = {
        let (fleet, replicas, over) = (Arc::clone(&fleet), Arc::clone(&replicas), Arc::clone(&over));
        tokio::spawn(async move {
            for kill in 0..KILLS {
                tokio::time::sleep(Duration::from_secs(1)).await;
                replicas[kill % 2].read().unwrap().kill();
                let fleet = Arc::clone(&fleet);
                let next = tokio::task::spawn_blocking(move || Served::start(&fleet.place)).await.unwrap();
                *replicas[kill % 2].write().unwrap() = Arc::new(next);
            }
            over.store(true, Ordering::Relaxed);
        })
    };
    let (signed_in, (mut held, rotations)) =
        tokio::join!(people::sign_in(&fleet, &replicas, &over), storm(&fleet, &replicas, held, &over));
    killing.await.unwrap();
    assert!(rotations > 60 * JARS, "{rotations} rotations are too few to mean anything");
    for jar in &mut held {
        assert_eq!(check(&replicas, &fleet.key, jar).await, Ok(()));
    }
    assert!(signed_in.len() > 5, "{} sign-ins are too few to mean anything", signed_in.len());
    let mut signed_in = signed_in.into_iter();
    let last = signed_in.next().unwrap();
    for mut person in signed_in {
        assert_eq!(people::check(&fleet, &replicas, &mut person).await, Ok(()));
    }
    let query = |sql: &str| drop(server.query(DATABASE, sql).unwrap());
    people::control(&fleet, &replicas, query, last).await;

    // What the check is worth: a database that has forgotten one rotation, and one sign-out, is found out.
    let (alive, ended) = (
        held.iter().position(|jar| !jar.signed_out).unwrap(),
        held.iter().position(|jar| jar.signed_out).unwrap(),
    );
    let forget = format!(
        "UPDATE session_states SET generation = generation - 1 WHERE session_id = '{}';
         UPDATE session_states SET ended_at = NULL, end_reason = NULL WHERE session_id = '{}'",
        held[alive].session, held[ended].session
    );
    server.query(DATABASE, &forget).unwrap();
    assert_eq!(check(&replicas, &fleet.key, &mut held[alive]).await, Err(Lost::Rotation));
    assert_eq!(check(&replicas, &fleet.key, &mut held[ended]).await, Err(Lost::SignOut));
}

/// A primary, a standby that follows it, and a fleet that knows both.
struct Pair {
    primary: Server,
    standby: Server,
    fleet: Arc<Fleet>,
    replicas: Arc<Replicas>,
}

async fn pair(synchronous: bool) -> Pair {
    let primary = Server::start().unwrap();
    primary.create_database(DATABASE).unwrap();
    let standby = primary.standby(synchronous).unwrap();
    let host = |server: &Server| {
        let url = server.url(DATABASE);
        url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned()
    };
    let both = format!("{},{}", host(&primary), host(&standby));
    let url = primary.url(DATABASE).replace(&host(&primary), &both);
    let fleet = Arc::new(Fleet::start(&url, &ROTATING).await);
    let replicas = two(&fleet);
    Pair { primary, standby, fleet, replicas }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_killed_under_load_loses_nothing_that_its_synchronous_standby_has() {
    const ROUNDS: u32 = 5;
    for _ in 0..ROUNDS {
        let Pair { mut primary, standby, fleet, replicas } = pair(true).await;
        let (over, held) = (Arc::new(AtomicBool::new(false)), jars(&fleet, &primary, JARS));
        let failing = {
            let over = Arc::clone(&over);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(2)).await;
                let standby = tokio::task::spawn_blocking(move || {
                    primary.kill_hard();
                    standby.promote().unwrap();
                    (primary, standby)
                });
                let both = standby.await.unwrap();
                tokio::time::sleep(Duration::from_secs(2)).await;
                over.store(true, Ordering::Relaxed);
                both
            })
        };
        let (signed_in, (mut held, rotations)) =
            tokio::join!(people::sign_in(&fleet, &replicas, &over), storm(&fleet, &replicas, held, &over));
        let (_primary, standby) = failing.await.unwrap();
        assert!(rotations > 10 * JARS, "{rotations} rotations are too few to mean anything");
        for jar in &mut held {
            assert_eq!(check(&replicas, &fleet.key, jar).await, Ok(()));
        }
        assert!(!signed_in.is_empty(), "somebody signs in");
        for mut person in signed_in {
            assert_eq!(people::check(&fleet, &replicas, &mut person).await, Ok(()));
        }
        let alive = held.iter_mut().find(|jar| !jar.signed_out).unwrap();
        let forget = format!(
            "UPDATE session_states SET generation = generation - 1 WHERE session_id = '{}'",
            alive.session
        );
        standby.query(DATABASE, &forget).unwrap();
        assert_eq!(check(&replicas, &fleet.key, alive).await, Err(Lost::Rotation), "a control");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_was_behind_signs_no_honest_jar_out() {
    let Pair { mut primary, standby, fleet, replicas } = pair(false).await;
    let mut held = jars(&fleet, &primary, JARS);
    // The copy has all jars as they begin, and none of what comes.
    let copied = format!("SELECT count(*) FROM session_states WHERE session_id = '{}'", held[63].session);
    while standby.query(DATABASE, &copied).unwrap().trim() != "1" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    standby.query("postgres", "ALTER SYSTEM SET primary_conninfo = ''").unwrap();
    standby.query("postgres", "SELECT pg_reload_conf()").unwrap();
    let following = "SELECT count(*) FROM pg_stat_replication";
    while primary.query("postgres", following).unwrap().trim() != "0" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for (number, jar) in held.iter_mut().enumerate() {
        for _ in 0..=number % 3 {
            jar.token = answered(&replicas, &fleet.key, &jar.token, 0).await.unwrap();
        }
    }
    let generations = "SELECT sum(generation) FROM session_states";
    let ahead: u32 = primary.query(DATABASE, generations).unwrap().trim().parse().unwrap();
    primary.kill_hard();
    standby.promote().unwrap();
    let behind: u32 = standby.query(DATABASE, generations).unwrap().trim().parse().unwrap();
    assert!(ahead >= behind + JARS, "the standby was held back: {behind} of {ahead}");
    for jar in &mut held {
        // The token is ahead of the row, which takes it as it is; the refresh after that rotates again.
        jar.token = answered(&replicas, &fleet.key, &jar.token, 0).await.expect("still signed in");
        assert_eq!(check(&replicas, &fleet.key, jar).await, Ok(()));
    }
}
