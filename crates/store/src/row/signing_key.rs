//! Signing keys, and the marks of the key ring that seals them.

use super::{Columns, Row};
use crate::error::Fault;
use authmint_domain::model::signing_key::{KeyState, STATES, SigningKey};
use authmint_protocol::{jwk::PublicKey, time::Timestamp, token::algorithm::Algorithm};
use std::sync::Arc;

/// Reads a key's columns `kid, public, sealed, created_at, state, state_since`.
pub(crate) fn read(row: &dyn Row) -> Result<SigningKey, Fault> {
    let kid: String = Columns::only(row, "signing_keys", "kid")?;
    let mut columns = Columns::new(row, "signing_keys", &kid);
    columns.skip();
    let public = columns.parsed("public", |text| {
        let jwk = serde_json::from_str(text).ok()?;
        PublicKey::from_jwk(&jwk).ok().filter(|key| key.kid() == Some(&kid))
    })?;
    let sealed = columns.next("sealed")?;
    let created_at = columns.next("created_at")?;
    let state = columns.parsed("state", |text| STATES.into_iter().find(|state| *state == text))?;
    let at = columns.next("state_since")?;
    let state = match (state, sealed) {
        ("next", Some(sealed)) => KeyState::Next { sealed },
        ("active", Some(sealed)) => KeyState::Active { since: at, sealed },
        ("retired", None) => KeyState::Retired { at },
        ("revoked", None) => KeyState::Revoked { at },
        _ => return Err(columns.broken("sealed", "state and private half contradict each other")),
    };
    Ok(SigningKey { public: Arc::new(public), created_at, state, kid })
}

/// The columns `state_since` and `sealed`.
pub(crate) fn columns_of(key: &SigningKey) -> (Timestamp, Option<&[u8]>) {
    match &key.state {
        KeyState::Next { sealed } => (key.created_at, Some(sealed)),
        KeyState::Active { since, sealed } => (*since, Some(sealed)),
        KeyState::Retired { at } | KeyState::Revoked { at } => (*at, None),
    }
}

/// Adds the algorithm that the policy of a project names to those that are wanted.
pub(crate) fn want(wanted: &mut Vec<Algorithm>, row: &dyn Row) -> Result<(), Fault> {
    let algorithm = Columns::new(row, "projects", &"any").parsed("policy", Algorithm::from_name)?;
    if !wanted.contains(&algorithm) {
        wanted.push(algorithm);
    }
    Ok(())
}

/// Reads a mark's columns `key_id, mark`.
pub(crate) fn ring_mark(row: &dyn Row) -> Result<(u32, [u8; 32]), Fault> {
    let number: i64 = Columns::only(row, "ring_marks", "key_id")?;
    let mut columns = Columns::new(row, "ring_marks", &number);
    Ok((columns.next("key_id")?, columns.next("mark")?))
}
