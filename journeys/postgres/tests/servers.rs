//! The servers that tests are given, on a real PostgreSQL.

use authmint_journeys_postgres::{Failed, Server};
use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// Makes a copy of this program the process that is killed.
const VICTIM: &str = "AUTHMINT_TEST_VICTIM";

#[test]
fn what_was_committed_outlives_a_crash_and_a_restart() -> Result<(), Failed> {
    let mut server = Server::with_settings(&["max_connections=20"])?;
    server.create_database("one")?;
    server.query("one", "CREATE TABLE t AS SELECT 7 AS n")?;
    server.kill_hard();
    assert!(server.query("one", "SELECT n FROM t").is_err(), "a killed server answers nothing");
    server.restart()?;
    server.restart()?;
    assert_eq!(server.query("one", "SELECT n FROM t")?.trim(), "7");
    assert_eq!(server.query("one", "SHOW max_connections")?.trim(), "20");
    Ok(())
}

#[test]
fn a_promoted_synchronous_standby_has_every_commit() -> Result<(), Failed> {
    let mut primary = Server::start()?;
    primary.create_database("one")?;
    let standby = primary.standby(true)?;
    primary.query("one", "CREATE TABLE t AS SELECT 7 AS n")?;
    assert!(standby.query("one", "CREATE TABLE u AS SELECT 1").is_err(), "a standby takes no writes");
    primary.kill_hard();
    standby.promote()?;
    assert_eq!(standby.query("one", "SELECT n FROM t")?.trim(), "7");
    standby.query("one", "INSERT INTO t VALUES (8)").map(drop)
}

#[test]
fn a_killed_process_leaves_no_server_behind() -> Result<(), Box<dyn std::error::Error>> {
    if env::var_os(VICTIM).is_some() {
        let server = Server::start()?;
        println!("\n{}", server.url("postgres"));
        std::io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    let mut victim = Command::new(env::current_exe()?)
        .args(["--exact", "a_killed_process_leaves_no_server_behind", "--nocapture"])
        .env(VICTIM, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let said = BufReader::new(victim.stdout.take().ok_or("no output")?);
    let lines = said.lines().map_while(Result::ok);
    let url = lines.into_iter().find(|line| line.starts_with("postgres://")).ok_or("no server")?;
    let address = url.split(['@', '/']).nth(3).ok_or("no address")?;
    assert!(TcpStream::connect(address).is_ok(), "the server is there until then");

    victim.kill()?;
    victim.wait()?;

    let gone = (0..1_500).any(|_| {
        thread::sleep(Duration::from_millis(20));
        TcpStream::connect(address).is_err()
    });
    assert!(gone, "the server outlived the process that it was started for");
    Ok(())
}
