//! Purge: a bounded number of rows a call, so that no refresh waits long behind it.

use super::lock::lock;
use crate::error::Fault;
use authmint_domain::port::{PurgeBefore, Purged};
use rusqlite::{Connection, OptionalExtension as _};
use std::{sync::Mutex, time::Duration};

/// Rows of each table that one call removes.
const BATCH: u32 = 500;
/// Sessions that one call looks through for those that fell idle.
const SWEEP: u32 = 2000;
/// For how much longer a row stays that counts wrong codes: else a patient guesser would start over each day.
const FAILURES_KEPT_FOR: Duration = Duration::from_secs(86_400);

/// How far the sweep for idle sessions has come: the ID of the last session that it saw.
#[derive(Default)]
pub(super) struct Sweep(Mutex<Vec<u8>>);

pub(super) fn purge(tx: &Connection, sweep: &Sweep, before: PurgeBefore) -> Result<Purged, Fault> {
    const SESSIONS: &str = "DELETE FROM sessions WHERE id IN
        (SELECT id FROM sessions WHERE absolute_expires_at < ?1 LIMIT ?2)";
    const SECRETS: &str = "DELETE FROM one_time_secrets WHERE id IN
        (SELECT id FROM one_time_secrets WHERE expires_at < ?1 LIMIT ?2)";
    const ASSERTIONS: &str = "DELETE FROM assertions WHERE (project_id, hash) IN
        (SELECT project_id, hash FROM assertions WHERE expires_at < ?1 LIMIT ?2)";
    const LIMITS: &str = "DELETE FROM rate_limits WHERE name IN
        (SELECT name FROM rate_limits WHERE spent_until < ?1 LIMIT ?2)";
    const CHALLENGES: &str = "DELETE FROM email_challenges WHERE (project_id, email_id) IN
        (SELECT project_id, email_id FROM email_challenges
            WHERE sent_at < ?1 AND (code_expires_at IS NULL OR code_expires_at < ?1)
                AND (failures = 0 OR sent_at < ?3) LIMIT ?2)";
    const REVOCATIONS: &str = "DELETE FROM revocations WHERE number IN
        (SELECT number FROM revocations WHERE expires_at < ?1 LIMIT ?2)";
    // In the order of their numbers, which is that of their times but for what clocks differ by.
    const AUDIT: &str = "DELETE FROM audit_events WHERE number IN
        (SELECT number FROM audit_events ORDER BY number LIMIT ?2) AND at < ?1";
    let PurgeBefore { useless_since: before, audit } = before;
    let end = before.unix_millis();
    let delete =
        |sql: &str| -> Result<u64, Fault> { Ok(count(tx.prepare_cached(sql)?.execute((end, BATCH))?)) };
    let sessions = delete(SESSIONS)? + sweep_idle(tx, sweep, end)?;
    let failures_end = before.before(FAILURES_KEPT_FOR).unix_millis();
    let challenges = count(tx.prepare_cached(CHALLENGES)?.execute((end, BATCH, failures_end))?);
    let audit_events = match audit {
        Some(before) => count(tx.prepare_cached(AUDIT)?.execute((before.unix_millis(), BATCH))?),
        None => 0,
    };
    let others = delete(SECRETS)? + delete(ASSERTIONS)? + delete(LIMITS)? + delete(REVOCATIONS)? + challenges;
    Ok(Purged { sessions, others, audit_events })
}

/// Looks through the next stretch of sessions, in the order of their IDs, round and round.
///
/// A session that was ended stays until its absolute expiry, so that its tokens are told that it was ended.
fn sweep_idle(tx: &Connection, sweep: &Sweep, end: i64) -> Result<u64, Fault> {
    const LAST: &str =
        "SELECT session_id FROM session_states WHERE session_id > ?1 ORDER BY session_id LIMIT 1 OFFSET ?2";
    const DELETE: &str = "DELETE FROM sessions WHERE id IN (SELECT session_id FROM session_states
        WHERE session_id > ?1 AND (?2 IS NULL OR session_id <= ?2) AND idle_expires_at < ?3 AND ended_at IS NULL)";
    let mut seen = lock(&sweep.0);
    let last: Option<Vec<u8>> =
        tx.prepare_cached(LAST)?.query_row((&*seen, SWEEP - 1), |row| row.get(0)).optional()?;
    let deleted = tx.prepare_cached(DELETE)?.execute((&*seen, &last, end))?;
    *seen = last.unwrap_or_default();
    Ok(count(deleted))
}

const fn count(rows: usize) -> u64 {
    rows as u64
}
