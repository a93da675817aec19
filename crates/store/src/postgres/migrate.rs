//! Migrations: numbered files inside the program, each applied once and remembered with its hash.

use super::{
    database::{Database, pause},
    query::Db,
};
use crate::{
    error::{Fault, OpenError},
    row::Columns,
};
use authmint_domain::model::key_ring::sha256;
use tokio_postgres::error::SqlState;

struct Migration {
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        [$(Migration { name: $name, sql: include_str!(concat!("../../migrations/postgres/", $name, ".sql")) },)*]
    };
}

/// In the order in which they are applied; what is listed here is never edited again.
const MIGRATIONS: [Migration; 8] = migrations![
    "0001_sign_in_and_sessions",
    "0002_signing_key_states",
    "0003_revocation_feed",
    "0004_management",
    "0005_issuers",
    "0006_session_users",
    "0007_session_states",
    "0008_sessions_by_user",
];

/// How often it is begun again where another replica is at it.
const TRIES: u32 = 12;

/// Brings the schema to this program's, all of it or nothing. Replicas that start together wait for the first of them.
pub(super) async fn migrate(database: &Database) -> Result<(), OpenError> {
    let mut tries = 0;
    loop {
        let db = database.connection().await;
        let outcome = match db {
            Ok(db) => {
                let outcome = in_one(&db).await;
                // With whatever it left open.
                db.discard();
                outcome
            }
            Err(fault) => Err(Failed::Fault(fault)),
        };
        match outcome {
            Ok(()) => return Ok(()),
            Err(Failed::Fault(fault)) if tries < TRIES && (fault.passes() || is_met(&fault)) => {
                tokio::time::sleep(pause(tries)).await;
                tries += 1;
            }
            Err(Failed::Fault(fault)) => return Err(fault.into()),
            Err(Failed::Open(error)) => return Err(error),
        }
    }
}

enum Failed {
    Fault(Fault),
    Open(OpenError),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What PostgreSQL says to the second of two who make the same table at once.
fn is_met(fault: &Fault) -> bool {
    let Fault::Postgres(error) = fault else { return false };
    error.code().is_some_and(|code| {
        [SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT, SqlState::INTERNAL_ERROR].contains(code)
    })
}

async fn in_one(db: &Db) -> Result<(), Failed> {
    const THERE: &str = "SELECT to_regclass('migrations') IS NOT NULL";
    const NAMES: &str = "SELECT name, hash FROM migrations ORDER BY name";
    const TABLE: &str = "CREATE TABLE migrations (name TEXT NOT NULL PRIMARY KEY, hash BYTEA NOT NULL)";
    const APPLIED: &str = "INSERT INTO migrations (name, hash) VALUES ($1, $2)";
    // A big table takes as long as it takes.
    db.batch("BEGIN; SET LOCAL statement_timeout = 0").await?;
    let there = db.one(THERE, &[], |row| Columns::only::<bool>(row, "migrations", "name")).await?;
    let mut applied: Vec<(String, [u8; 32])> = Vec::new();
    if there == Some(true) {
        let read = |row: &dyn crate::row::Row| {
            let mut columns = Columns::new(row, "migrations", &"any");
            Ok((columns.next("name")?, columns.next("hash")?))
        };
        applied = db.all(NAMES, &[], read).await?;
    } else {
        db.batch(TABLE).await?;
    }
    for (index, (name, hash)) in applied.iter().enumerate() {
        match MIGRATIONS.get(index) {
            Some(known) if known.name == name && sha256(known.sql.as_bytes()) == *hash => {}
            Some(known) if known.name == name => {
                return Err(Failed::Open(OpenError::Altered { migration: name.clone() }));
            }
            _ => return Err(Failed::Open(OpenError::Newer { migration: name.clone() })),
        }
    }
    for migration in &MIGRATIONS[applied.len()..] {
        // Named first: whoever else is at it waits here for this one, and then finds it done.
        let hash = sha256(migration.sql.as_bytes());
        db.execute(APPLIED, &[&migration.name, &&hash[..]]).await?;
        db.batch(migration.sql).await?;
    }
    db.batch("COMMIT").await?;
    Ok(())
}
