//! Email challenges: one row a project and address.

use super::audit;
use crate::{
    error::Fault,
    row::{Columns, Hex},
};
use authmint_domain::{
    model::challenge::{ClientPrefix, EmailChallenge, EmailId, IssuedCode},
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
    let mut statement = tx.prepare_cached(SELECT)?;
    let mut rows = statement.query((project_id.as_bytes(), email_id.0))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let place = format!("{project_id}/{}", Hex(&email_id.0));
    let mut columns = Columns::new(row, "email_challenges", &place);
    let code = match (
        columns.next("code_salt")?,
        columns.next("code_mac")?,
        columns.next("code_expires_at")?,
        columns.optionally_parsed("code_tries", tries)?,
    ) {
        (Some(salt), Some(mac), Some(expires_at), Some(tries)) => {
            Some(IssuedCode { salt, mac, expires_at, tries })
        }
        (None, None, None, None) => None,
        _ => return Err(columns.broken("code_mac", "half of a code")),
    };
    Ok(Some(EmailChallenge {
        project_id,
        email_id,
        code,
        sent_at: columns.next("sent_at")?,
        resends: columns.next("resends")?,
        failures: columns.next("failures")?,
    }))
}

fn tries_text(code: &IssuedCode) -> String {
    let tries = code.tries.iter().map(|(client, count)| serde_json::json!([client.as_str(), count]));
    serde_json::Value::from_iter(tries).to_string()
}

fn tries(text: &str) -> Option<Vec<(ClientPrefix, u32)>> {
    let tries: Vec<(String, u32)> = serde_json::from_str(text).ok()?;
    Some(tries.into_iter().map(|(client, count)| (ClientPrefix::from_stored(client), count)).collect())
}
