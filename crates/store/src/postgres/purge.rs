//! Purge: a bounded number of rows a call, by one replica at a time.

use super::transaction::Tx;
use crate::{error::Fault, row::Columns};
use authmint_domain::port::{PurgeBefore, Purged};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// Rows of each table that one call removes.
const BATCH: i64 = 500;
/// Sessions that one call looks through for those that fell idle.
const SWEEP: i64 = 2000;
/// For how much longer a row stays that counts wrong codes: else a patient guesser would start over each day.
const FAILURES_KEPT_FOR: Duration = Duration::from_secs(86_400);

/// How far the sweep for idle sessions has come: the ID of the last session that it saw.
#[derive(Default)]
pub(super) struct Sweep(Mutex<Uuid>);

/// Removes rows, if no other replica is at it. Rows in use are passed over, and found the next time.
pub(super) async fn purge(tx: &Tx<'_>, sweep: &Sweep, before: PurgeBefore) -> Result<Purged, Fault> {
    const DUTY: &str = "SELECT name FROM duties WHERE name = 'purge' FOR UPDATE SKIP LOCKED";
    const SESSIONS: &str = "DELETE FROM sessions WHERE id IN
        (SELECT id FROM sessions WHERE absolute_expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
    const SECRETS: &str = "DELETE FROM one_time_secrets WHERE id IN
        (SELECT id FROM one_time_secrets WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
    const ASSERTIONS: &str = "DELETE FROM assertions WHERE (project_id, hash) IN
        (SELECT project_id, hash FROM assertions WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
    const LIMITS: &str = "DELETE FROM rate_limits WHERE name IN
        (SELECT name FROM rate_limits WHERE spent_until < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
    const CHALLENGES: &str = "DELETE FROM email_challenges WHERE (project_id, email_id) IN
        (SELECT project_id, email_id FROM email_challenges
            WHERE sent_at < $1 AND (code_expires_at IS NULL OR code_expires_at < $1)
                AND (failures = 0 OR sent_at < $3) LIMIT $2 FOR UPDATE SKIP LOCKED)";
    const REVOCATIONS: &str = "DELETE FROM revocations WHERE number IN
        (SELECT number FROM revocations WHERE expires_at < $1 LIMIT $2)";
    // In the order of their numbers, which is that of their times but for what clocks differ by.
    const AUDIT: &str = "DELETE FROM audit_events WHERE number IN
        (SELECT number FROM audit_events ORDER BY number LIMIT $2) AND at < $1";
    // By the database's clock, as they were written: nobody looks for the outcome of a commit for an hour.
    const COMMITS: &str = "DELETE FROM commits WHERE id IN (SELECT id FROM commits
        WHERE at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 3600000 LIMIT $1)";
    let PurgeBefore { useless_since: before, audit } = before;
    if tx.one(DUTY, &[], |_| Ok(())).await?.is_none() {
        return Ok(Purged::default());
    }
    let end = before.unix_millis();
    let delete = async |sql: &str| tx.execute(sql, &[&end, &BATCH]).await;
    let sessions = delete(SESSIONS).await? + sweep_idle(tx, sweep, end).await?;
    let failures_end = before.before(FAILURES_KEPT_FOR).unix_millis();
    let challenges = tx.execute(CHALLENGES, &[&end, &BATCH, &failures_end]).await?;
    let audit_events = match audit {
        Some(before) => tx.execute(AUDIT, &[&before.unix_millis(), &BATCH]).await?,
        None => 0,
    };
    let others = delete(SECRETS).await?
        + delete(ASSERTIONS).await?
        + delete(LIMITS).await?
        + delete(REVOCATIONS).await?
        + challenges;
    tx.execute(COMMITS, &[&(BATCH * 20)]).await?;
    Ok(Purged { sessions, others, audit_events })
}

/// Looks through the next stretch of sessions, in the order of their IDs, round and round.
///
/// A session that was ended stays until its absolute expiry, so that its tokens are told that it was ended.
async fn sweep_idle(tx: &Tx<'_>, sweep: &Sweep, end: i64) -> Result<u64, Fault> {
    const LAST: &str =
        "SELECT session_id FROM session_states WHERE session_id > $1 ORDER BY session_id LIMIT 1 OFFSET $2";
    const DELETE: &str = "DELETE FROM sessions WHERE id IN (SELECT session_id FROM session_states
        WHERE session_id > $1 AND session_id <= $2 AND idle_expires_at < $3 AND ended_at IS NULL
        FOR UPDATE SKIP LOCKED)";
    let seen = *sweep.0.lock().unwrap_or_else(PoisonError::into_inner);
    let read = |row: &dyn crate::row::Row| Columns::only::<[u8; 16]>(row, "session_states", "session_id");
    let last = tx.one(LAST, &[&seen, &(SWEEP - 1)], read).await?.map(Uuid::from_bytes);
    let deleted = tx.execute(DELETE, &[&seen, &last.unwrap_or(Uuid::max()), &end]).await?;
    *sweep.0.lock().unwrap_or_else(PoisonError::into_inner) = last.unwrap_or_default();
    Ok(deleted)
}
