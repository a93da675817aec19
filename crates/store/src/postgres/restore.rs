//! What a restored database must forget before it serves anybody.

use super::{known, revocation, session::Sessions, transaction::Tx};
use crate::{error::Fault, row::Columns};
use authmint_domain::model::session::{Decision, Session};
use authmint_protocol::{id::SessionId, time::Timestamp};
use uuid::Uuid;

/// Sessions that are decided over together.
const STRETCH: i64 = 1000;

/// Decides over every session that is not over; answers how many were ended.
pub(super) async fn decide_all(
    tx: &Tx<'_>,
    forget_before: Timestamp,
    decide: &(impl Fn(&Session) -> Decision<bool> + Sync),
) -> Result<u64, Fault> {
    const NEXT: &str = "SELECT session_id FROM session_states
        WHERE session_id > $1 AND ended_at IS NULL ORDER BY session_id LIMIT $2";
    const SECRETS: &str = "DELETE FROM one_time_secrets WHERE used_at IS NULL AND proven_at < $1";
    const CODES: &str = "UPDATE email_challenges
        SET code_salt = NULL, code_mac = NULL, code_expires_at = NULL, code_tries = NULL WHERE sent_at < $1";
    revocation::skip_ahead(tx).await?;
    let mut ended = 0;
    let mut last = Uuid::nil();
    loop {
        let read = |row: &dyn crate::row::Row| Columns::only::<[u8; 16]>(row, "session_states", "session_id");
        let keys: Vec<Uuid> = tx.all(NEXT, &[&last, &STRETCH], |row| read(row).map(Uuid::from_bytes)).await?;
        let Some(end) = keys.last() else { break };
        last = *end;
        let ids = keys.iter().map(|key| SessionId::from_bytes(*key.as_bytes())).collect();
        let mut sessions = Sessions::of(known::lock(tx.database, tx, &ids).await?);
        for id in ids {
            let decide = |found: Option<&Session>| {
                let Decision { change, answer } = found.map_or(Decision::keep(false), decide);
                Ok((change, answer))
            };
            ended += u64::from(sessions.decide(id, decide)?);
        }
        sessions.write(tx).await?;
    }
    for forget in [SECRETS, CODES] {
        tx.execute(forget, &[&forget_before.unix_millis()]).await?;
    }
    Ok(ended)
}
