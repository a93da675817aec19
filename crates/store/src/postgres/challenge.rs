//! Email challenges: one row a project and address.

use super::{audit, query::Key, session::exactly_one, transaction::Tx};
use crate::{
    error::Fault,
    row::challenge::{read, tries_text},
};
use authmint_domain::{
    model::challenge::{EmailChallenge, EmailId},
    port::ChallengeDecision,
};
use authmint_protocol::id::ProjectId;

pub(super) async fn decide<A>(
    tx: &Tx<'_>,
    (project_id, email_id): (ProjectId, EmailId),
    decide: &(impl Fn(Option<&EmailChallenge>) -> ChallengeDecision<A> + Sync),
) -> Result<A, Fault> {
    const SELECT: &str = "SELECT code_salt, code_mac, code_expires_at, code_tries, sent_at, resends, failures
        FROM email_challenges WHERE project_id = $1 AND email_id = $2 FOR UPDATE";
    let key = (project_id, email_id);
    let before = tx.one(SELECT, &[&project_id.key(), &&email_id.0[..]], |row| read(row, key)).await?;
    let ChallengeDecision { put: after, audit, answer } = decide(before.as_ref());
    if let Some(after) = after {
        put(tx, &after, before.is_none()).await?;
    }
    if let Some(event) = audit {
        audit::record(tx, &event).await?;
    }
    Ok(answer)
}

/// A new row must be new: two who each saw none would else both count as the first.
async fn put(tx: &Tx<'_>, challenge: &EmailChallenge, new: bool) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO email_challenges (project_id, email_id, code_salt, code_mac,
            code_expires_at, code_tries, sent_at, resends, failures)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    const UPDATE: &str = "UPDATE email_challenges SET code_salt = $3, code_mac = $4, code_expires_at = $5,
            code_tries = $6, sent_at = $7, resends = $8, failures = $9
        WHERE project_id = $1 AND email_id = $2";
    let code = challenge.code.as_ref();
    let written = tx
        .execute(
            if new { INSERT } else { UPDATE },
            &[
                &challenge.project_id.key(),
                &&challenge.email_id.0[..],
                &code.map(|code| &code.salt[..]),
                &code.map(|code| &code.mac[..]),
                &code.map(|code| code.expires_at.unix_millis()),
                &code.map(tries_text),
                &challenge.sent_at.unix_millis(),
                &i64::from(challenge.resends),
                &i64::from(challenge.failures),
            ],
        )
        .await?;
    exactly_one(written)
}
