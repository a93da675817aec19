//! Email challenges: one row a project and address.

use super::{audit, query};
use crate::{
    error::Fault,
    row::challenge::{read, tries_text},
};
use authmint_domain::{
    model::challenge::{EmailChallenge, EmailId},
    port::ChallengeDecision,
};
use authmint_protocol::id::ProjectId;
use rusqlite::{Connection, params};

pub(super) fn decide<A>(
    tx: &Connection,
    project_id: ProjectId,
    email_id: EmailId,
    decide: &impl Fn(Option<&EmailChallenge>) -> ChallengeDecision<A>,
) -> Result<A, Fault> {
    let before = load(tx, project_id, email_id)?;
    let ChallengeDecision { put: after, audit, answer } = decide(before.as_ref());
    if let Some(after) = after {
        put(tx, &after)?;
    }
    if let Some(event) = audit {
        audit::record(tx, &event)?;
    }
    Ok(answer)
}

fn put(tx: &Connection, challenge: &EmailChallenge) -> Result<(), Fault> {
    const REPLACE: &str =
        "INSERT INTO email_challenges (project_id, email_id, code_salt, code_mac, code_expires_at,
            code_tries, sent_at, resends, failures)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (project_id, email_id) DO UPDATE SET code_salt = excluded.code_salt,
            code_mac = excluded.code_mac, code_expires_at = excluded.code_expires_at,
            code_tries = excluded.code_tries, sent_at = excluded.sent_at, resends = excluded.resends,
            failures = excluded.failures";
    let code = challenge.code.as_ref();
    tx.prepare_cached(REPLACE)?.execute(params![
        challenge.project_id.as_bytes(),
        challenge.email_id.0,
        code.map(|code| code.salt),
        code.map(|code| code.mac),
        code.map(|code| code.expires_at.unix_millis()),
        code.map(tries_text),
        challenge.sent_at.unix_millis(),
        challenge.resends,
        challenge.failures,
    ])?;
    Ok(())
}

fn load(tx: &Connection, project_id: ProjectId, email_id: EmailId) -> Result<Option<EmailChallenge>, Fault> {
    const SELECT: &str = "SELECT code_salt, code_mac, code_expires_at, code_tries, sent_at, resends, failures
        FROM email_challenges WHERE project_id = ?1 AND email_id = ?2";
    query::one(tx, SELECT, (project_id.as_bytes(), email_id.0), |row| read(row, (project_id, email_id)))
}
