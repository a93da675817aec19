//! Signing keys, and the marks of the key ring that seals them.

use crate::{
    error::{Fault, conflict},
    row::Columns,
};
use authmint_domain::model::signing_key::SigningKey;
use authmint_protocol::jwk::PublicKey;
use rusqlite::{Connection, params};
use std::sync::Arc;

pub(super) fn add(tx: &Connection, key: &SigningKey) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO signing_keys (kid, public, sealed, created_at) VALUES (?1, ?2, ?3, ?4)";
    let values = params![key.kid, key.public.to_jwk().to_string(), key.sealed, key.created_at.unix_millis()];
    tx.prepare_cached(INSERT)?.execute(values).map_err(conflict("a signing key of this kid"))?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<SigningKey>, Fault> {
    const SELECT: &str =
        "SELECT kid, public, sealed, created_at FROM signing_keys ORDER BY created_at DESC, kid";
    let mut statement = db.prepare_cached(SELECT)?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let kid: String = row.get(0)?;
        let mut columns = Columns::new(row, "signing_keys", &kid);
        columns.skip();
        let public = columns.parsed("public", |text| {
            let jwk = serde_json::from_str(text).ok()?;
            PublicKey::from_jwk(&jwk).ok().filter(|key| key.kid() == Some(&kid))
        })?;
        let sealed = columns.next("sealed")?;
        let created_at = columns.next("created_at")?;
        keys.push(SigningKey {
            algorithm: public.algorithm(),
            public: Arc::new(public),
            sealed,
            created_at,
            kid,
        });
    }
    Ok(keys)
}

pub(super) fn add_ring_mark(tx: &Connection, id: u32, mark: &[u8; 32]) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO ring_marks (key_id, mark) VALUES (?1, ?2)";
    tx.prepare_cached(INSERT)?.execute((id, mark)).map_err(conflict("a mark of this key"))?;
    Ok(())
}

pub(super) fn ring_marks(db: &Connection) -> Result<Vec<(u32, [u8; 32])>, Fault> {
    let mut statement = db.prepare_cached("SELECT key_id, mark FROM ring_marks ORDER BY key_id")?;
    let mut rows = statement.query([])?;
    let mut marks = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let mut columns = Columns::new(row, "ring_marks", &number);
        marks.push((columns.next("key_id")?, columns.next("mark")?));
    }
    Ok(marks)
}
