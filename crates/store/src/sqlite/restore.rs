//! What a restored database must forget before it serves anybody.

use super::{revocation, session};
use crate::error::Fault;
use authmint_domain::model::session::{Decision, Session};
use authmint_protocol::{id::SessionId, time::Timestamp};
use rusqlite::Connection;

/// Decides over every session that is not over; answers how many were ended.
pub(super) fn decide_all(
    tx: &Connection,
    forget_before: Timestamp,
    decide: &impl Fn(&Session) -> Decision<bool>,
) -> Result<u64, Fault> {
    const SESSIONS: &str = "SELECT session_id FROM session_states WHERE ended_at IS NULL";
    const SECRETS: &str = "DELETE FROM one_time_secrets WHERE used_at IS NULL AND proven_at < ?1";
    const CODES: &str = "UPDATE email_challenges
        SET code_salt = NULL, code_mac = NULL, code_expires_at = NULL, code_tries = NULL WHERE sent_at < ?1";
    revocation::skip_ahead(tx)?;
    let mut ids = Vec::new();
    let mut statement = tx.prepare(SESSIONS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        ids.push(SessionId::from_bytes(row.get(0)?));
    }
    let mut ended = 0;
    for id in ids {
        let (ends, _) = session::decide(tx, id, &|found| found.map_or(Decision::keep(false), decide))?;
        ended += u64::from(ends);
    }
    for forget in [SECRETS, CODES] {
        tx.execute(forget, [forget_before.unix_millis()])?;
    }
    Ok(ended)
}
