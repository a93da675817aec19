//! Migrations: numbered files inside the program, each applied once and remembered with its hash.

use super::connection::APPLICATION_ID;
use crate::error::OpenError;
use authmint_domain::model::key_ring::sha256;
use rusqlite::{Connection, Transaction, TransactionBehavior};

struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// In the order in which they are applied; what is listed here is never edited again.
const MIGRATIONS: [Migration; 8] = [
    Migration {
        name: "0001_sign_in_and_sessions",
        sql: include_str!("../../migrations/sqlite/0001_sign_in_and_sessions.sql"),
    },
    Migration {
        name: "0002_signing_key_states",
        sql: include_str!("../../migrations/sqlite/0002_signing_key_states.sql"),
    },
    Migration {
        name: "0003_revocation_feed",
        sql: include_str!("../../migrations/sqlite/0003_revocation_feed.sql"),
    },
    Migration { name: "0004_management", sql: include_str!("../../migrations/sqlite/0004_management.sql") },
    Migration { name: "0005_issuers", sql: include_str!("../../migrations/sqlite/0005_issuers.sql") },
    Migration {
        name: "0006_session_users",
        sql: include_str!("../../migrations/sqlite/0006_session_users.sql"),
    },
    Migration {
        name: "0007_session_states",
        sql: include_str!("../../migrations/sqlite/0007_session_states.sql"),
    },
    Migration {
        name: "0008_sessions_by_user",
        sql: include_str!("../../migrations/sqlite/0008_sessions_by_user.sql"),
    },
];

/// Brings the schema to this program's, all of it or nothing.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied = applied(&tx)?;
    for (index, (name, hash)) in applied.iter().enumerate() {
        match MIGRATIONS.get(index) {
            Some(known) if known.name == name && sha256(known.sql.as_bytes())[..] == hash[..] => {}
            Some(known) if known.name == name => return Err(OpenError::Altered { migration: name.clone() }),
            _ => return Err(OpenError::Newer { migration: name.clone() }),
        }
    }
    let missing = &MIGRATIONS[applied.len()..];
    if missing.is_empty() {
        return Ok(());
    }
    for migration in missing {
        tx.execute_batch(migration.sql)?;
        let hash = sha256(migration.sql.as_bytes());
        tx.execute("INSERT INTO migrations (name, hash) VALUES (?1, ?2)", (migration.name, hash))?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(tx.commit()?)
}

/// The names and hashes of the migrations that this file has seen, in order.
fn applied(tx: &Transaction<'_>) -> Result<Vec<(String, Vec<u8>)>, OpenError> {
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT NOT NULL PRIMARY KEY, hash BLOB NOT NULL) STRICT",
    )?;
    let mut statement = tx.prepare("SELECT name, hash FROM migrations ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
