//! Email challenges.

use super::{Columns, Hex, Row};
use crate::error::Fault;
use authmint_domain::model::challenge::{ClientPrefix, EmailChallenge, EmailId, IssuedCode};
use authmint_protocol::id::ProjectId;

/// Reads a challenge's columns `code_salt, code_mac, code_expires_at, code_tries, sent_at, resends, failures`.
pub(crate) fn read(
    row: &dyn Row,
    (project_id, email_id): (ProjectId, EmailId),
) -> Result<EmailChallenge, Fault> {
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
    Ok(EmailChallenge {
        project_id,
        email_id,
        code,
        sent_at: columns.next("sent_at")?,
        resends: columns.next("resends")?,
        failures: columns.next("failures")?,
    })
}

/// The column `code_tries`.
pub(crate) fn tries_text(code: &IssuedCode) -> String {
    let tries = code.tries.iter().map(|(client, count)| serde_json::json!([client.as_str(), count]));
    serde_json::Value::from_iter(tries).to_string()
}

fn tries(text: &str) -> Option<Vec<(ClientPrefix, u32)>> {
    let tries: Vec<(String, u32)> = serde_json::from_str(text).ok()?;
    Some(tries.into_iter().map(|(client, count)| (ClientPrefix::from_stored(client), count)).collect())
}
