//! What never changes of a session, kept at hand: a refresh then reads the session's state and nothing else of it.
//!
//! Nothing can go stale. A column of `sessions` is written once, no ID is given twice, and a session without a row in
//! `session_states` is none, whatever is kept here. A column that is to change belongs into that table.

use super::{
    database::Database,
    query::{Db, Key},
};
use crate::{
    error::Fault,
    row::{
        Columns,
        session::{Fixed, fixed_columns, read_fixed, read_state, state_columns},
    },
};
use authmint_domain::{model::session::Session, port::StoreError};
use authmint_protocol::{
    id::{ProjectId, SessionId},
    time::Timestamp,
};
use quick_cache::sync::Cache;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use tokio_postgres::Row;
use uuid::Uuid;

/// The sessions that were read last.
pub(super) type Known = Cache<SessionId, Arc<Fixed>>;

/// A session, or what is broken of its rows: known to those who ask for it, and nobody else's matter.
pub(super) type Found = HashMap<SessionId, Result<Session, StoreError>>;

/// Reads sessions, and locks them until the transaction ends, in the order of their IDs. The lock is on the state.
///
/// Three questions at most, in one round trip.
pub(super) async fn lock(database: &Database, db: &Db, ids: &BTreeSet<SessionId>) -> Result<Found, Fault> {
    const STATES: &str = concat!(
        "SELECT t.session_id, ",
        state_columns!(),
        " FROM session_states t WHERE t.session_id = ANY ($1) ORDER BY t.session_id FOR UPDATE"
    );
    // The server keeps the plan of this one, and makes that of the other anew each time.
    const CUT: &str = "SELECT id, not_before FROM projects WHERE id = $1";
    const CUTS: &str = "SELECT id, not_before FROM projects WHERE id = ANY ($1)";
    const REST: &str = concat!(
        "SELECT ",
        fixed_columns!(),
        ", p.not_before FROM sessions s JOIN projects p ON p.id = s.project_id WHERE s.id = ANY ($1)"
    );
    let keys: Vec<Uuid> = ids.iter().map(Key::key).collect();
    let mut known = HashMap::with_capacity(keys.len());
    let (mut unknown, mut projects): (Vec<Uuid>, Vec<Uuid>) = Default::default();
    for id in ids {
        if let Some(fixed) = database.known.get(id) {
            let project = fixed.project_id.key();
            if !projects.contains(&project) {
                projects.push(project);
            }
            known.insert(*id, fixed);
        } else {
            unknown.push(id.key());
        }
    }
    let asked = |sql, keys| async move {
        if Vec::is_empty(keys) { Ok(Vec::new()) } else { db.rows(sql, &[keys]).await }
    };
    let asked_cuts = async {
        if let [project] = projects[..] {
            db.rows(CUT, &[&project]).await
        } else {
            asked(CUTS, &projects).await
        }
    };
    let (states, cuts, rest) =
        tokio::try_join!(biased; asked(STATES, &keys), asked_cuts, asked(REST, &unknown))?;
    let cuts: HashMap<ProjectId, Option<Timestamp>> = cuts.iter().map(cut).collect::<Result<_, _>>()?;
    let mut found = Found::with_capacity(states.len());
    let mut read = HashMap::with_capacity(rest.len());
    for row in &rest {
        let fixed = read_fixed(row, |columns| columns.next::<Option<Timestamp>>("not_before"));
        read.insert(id_of(row)?, fixed.map_err(StoreError::from));
    }
    for row in &states {
        let id = id_of(row)?;
        let fixed = if let Some(fixed) = known.remove(&id) {
            // Without its project, which nobody deletes, a session is none.
            let Some(not_before) = cuts.get(&fixed.project_id) else { continue };
            Ok((Fixed::clone(&fixed), *not_before))
        } else if let Some(read) = read.remove(&id) {
            if let Ok((fixed, _)) = &read {
                database.known.insert(id, Arc::new(fixed.clone()));
            }
            read
        } else {
            // Its row was not there yet, or is not any more.
            continue;
        };
        let session = fixed.and_then(|(fixed, not_before)| {
            let state = read_state(row, id).map_err(StoreError::from)?;
            Ok(fixed.in_state(state, not_before))
        });
        found.insert(id, session);
    }
    Ok(found)
}

fn id_of(row: &Row) -> Result<SessionId, Fault> {
    Columns::only(row, "session_states", "session_id")
}

fn cut(row: &Row) -> Result<(ProjectId, Option<Timestamp>), Fault> {
    let mut columns = Columns::new(row, "projects", &"any");
    Ok((columns.next("id")?, columns.next("not_before")?))
}
