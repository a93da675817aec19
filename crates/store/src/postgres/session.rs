//! Sessions: loaded by one look-up, changed by one guarded write of their state, many at a time.

use super::{audit, database::Database, known::Found, query::Key, revocation, transaction::Tx};
use crate::{
    error::{Fault, taken},
    row::session::{read, select_sessions, winner},
};
use authmint_domain::{
    model::{
        audit::AuditEvent,
        challenge::ClientPrefix,
        revocation::Revocation,
        rotation::RotationState,
        session::{Ended, Session, SessionChange},
    },
    port::StoreError,
};
use authmint_protocol::{
    id::{ProjectId, SessionId, UserId},
    time::Timestamp,
};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Sessions as a transaction found them, and as they are to be.
#[derive(Default)]
pub(super) struct Sessions {
    found: HashMap<SessionId, Result<Held, StoreError>>,
    ends: Vec<(AuditEvent, Revocation)>,
}

struct Held {
    now: Session,
    before: RotationState,
    rotated: bool,
    ends: Option<Ended>,
}

impl Sessions {
    pub(super) fn of(found: Found) -> Self {
        let held = |now: Session| Held { before: now.rotation.clone(), now, rotated: false, ends: None };
        Self { found: found.into_iter().map(|(id, now)| (id, now.map(held))).collect(), ends: Vec::new() }
    }

    /// Decides over one of them, as those before have left it.
    pub(super) fn decide<A>(
        &mut self,
        id: SessionId,
        decide: impl FnOnce(Option<&Session>) -> Result<(SessionChange, A), StoreError>,
    ) -> Result<A, StoreError> {
        let held = match self.found.get_mut(&id) {
            Some(Err(broken)) => return Err(broken.clone()),
            Some(Ok(held)) => Some(held),
            None => None,
        };
        let (change, answer) = decide(held.as_ref().map(|held| &held.now))?;
        match (change, held) {
            (SessionChange::None, _) => {}
            (SessionChange::Rotated { rotation, idle_expires_at }, Some(held))
                if held.now.ended.is_none() =>
            {
                held.now.rotation = rotation;
                held.now.idle_expires_at = idle_expires_at;
                held.rotated = true;
            }
            (SessionChange::End(ended, event), Some(held)) if held.now.ended.is_none() => {
                self.ends.push((event, Revocation::of_session(&held.now, ended)));
                held.now.ended = Some(ended);
                held.ends = Some(ended);
            }
            (_, Some(_)) => return Err(Fault::refused("the row is not as it was read").into()),
            (_, None) => {
                return Err(Fault::refused("a session that does not exist cannot be changed").into());
            }
        }
        Ok(answer)
    }

    /// Writes all that was decided; answers the number of the feed's last entry, if sessions ended.
    pub(super) async fn write(self, tx: &Tx<'_>) -> Result<Option<u64>, Fault> {
        let held: BTreeMap<_, _> =
            self.found.into_iter().filter_map(|(id, held)| Some((id, held.ok()?))).collect();
        rotate(tx, held.values().filter(|held| held.rotated)).await?;
        end(tx, held.values().filter_map(|held| Some((held.now.id, held.ends?)))).await?;
        let (events, entries): (Vec<_>, Vec<_>) = self.ends.into_iter().unzip();
        audit::record_all(tx, &events).await?;
        revocation::record_all(tx, &entries).await
    }
}

async fn rotate(tx: &Tx<'_>, rotated: impl Iterator<Item = &Held>) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE session_states t SET generation = n.generation, branches_issued = n.branches_issued,
            rotated_at = n.rotated_at, parent_winner = n.parent_winner, sibling_branch = n.sibling_branch,
            late_branch = n.late_branch, late_branch_at = n.late_branch_at, idle_expires_at = n.idle_expires_at
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
            AS n (id, was_generation, had_issued, generation, branches_issued, rotated_at, parent_winner,
                sibling_branch, late_branch, late_branch_at, idle_expires_at)
        WHERE t.session_id = n.id AND t.generation = n.was_generation AND t.branches_issued = n.had_issued
            AND t.ended_at IS NULL";
    let rotated: Vec<&Held> = rotated.collect();
    if rotated.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&Held) -> i64| rotated.iter().map(|held| of(held)).collect::<Vec<i64>>();
    let maybe = |of: fn(&RotationState) -> Option<i64>| {
        rotated.iter().map(|held| of(&held.now.rotation)).collect::<Vec<Option<i64>>>()
    };
    let ids: Vec<Uuid> = rotated.iter().map(|held| held.now.id.key()).collect();
    let written = tx
        .execute(
            UPDATE,
            &[
                &ids,
                &column(|held| held.before.generation.into()),
                &column(|held| held.before.branches_issued.into()),
                &column(|held| held.now.rotation.generation.into()),
                &column(|held| held.now.rotation.branches_issued.into()),
                &column(|held| held.now.rotation.rotated_at.unix_millis()),
                &maybe(|rotation| winner(rotation.parent_winner).map(i64::from)),
                &maybe(|rotation| rotation.sibling_branch.map(i64::from)),
                &maybe(|rotation| rotation.late.map(|late| late.branch.into())),
                &maybe(|rotation| rotation.late.map(|late| late.at.unix_millis())),
                &column(|held| held.now.idle_expires_at.unix_millis()),
            ],
        )
        .await?;
    exactly(written, ids.len())
}

async fn end(tx: &Tx<'_>, ends: impl Iterator<Item = (SessionId, Ended)>) -> Result<(), Fault> {
    const UPDATE: &str = "UPDATE session_states t SET ended_at = n.ended_at, end_reason = n.end_reason
        FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS n (id, ended_at, end_reason)
        WHERE t.session_id = n.id AND t.ended_at IS NULL";
    let (mut ids, mut times, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for (id, ended) in ends {
        ids.push(id.key());
        times.push(ended.at.unix_millis());
        reasons.push(ended.reason.as_str());
    }
    if ids.is_empty() {
        return Ok(());
    }
    exactly(tx.execute(UPDATE, &[&ids, &times, &reasons]).await?, ids.len())
}

/// The last line of defence: what a decision was based on is what it changes, or nothing is acknowledged.
pub(super) fn exactly_one(written: u64) -> Result<(), Fault> {
    exactly(written, 1)
}

fn exactly(written: u64, wanted: usize) -> Result<(), Fault> {
    if written == wanted as u64 { Ok(()) } else { Err(Fault::refused("the row is not as it was read")) }
}

pub(super) async fn insert(tx: &Tx<'_>, session: &Session) -> Result<(), Fault> {
    const SESSION: &str = "INSERT INTO sessions (id, project_id, user_id, method, amr, proven_at, user_agent,
            client, opened_from, created_at, absolute_expires_at, email)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    const STATE: &str =
        "INSERT INTO session_states (session_id, generation, branches_issued, rotated_at, parent_winner,
            sibling_branch, late_branch, late_branch_at, idle_expires_at, ended_at, end_reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let Session { sign_in, device, rotation, .. } = session;
    let id = session.id.key();
    tx.execute(
        SESSION,
        &[
            &id,
            &session.project_id.key(),
            &session.user.id.key(),
            &&*sign_in.method,
            &&*sign_in.amr,
            &sign_in.at.unix_millis(),
            &device.user_agent,
            &device.client,
            &session.opened_from.as_ref().map(ClientPrefix::as_str),
            &session.created_at.unix_millis(),
            &session.absolute_expires_at.unix_millis(),
            &session.user.email,
        ],
    )
    .await
    .map_err(taken("a session of this ID"))?;
    tx.execute(
        STATE,
        &[
            &id,
            &i64::from(rotation.generation),
            &i64::from(rotation.branches_issued),
            &rotation.rotated_at.unix_millis(),
            &winner(rotation.parent_winner).map(i64::from),
            &rotation.sibling_branch.map(i64::from),
            &rotation.late.map(|late| i64::from(late.branch)),
            &rotation.late.map(|late| late.at.unix_millis()),
            &session.idle_expires_at.unix_millis(),
            &session.ended.map(|ended| ended.at.unix_millis()),
            &session.ended.map(|ended| ended.reason.as_str()),
        ],
    )
    .await?;
    Ok(())
}

const LOAD: &str = select_sessions!("JOIN", "WHERE s.id = $1");

pub(super) async fn load(database: &Database, id: SessionId) -> Result<Option<Session>, StoreError> {
    database.one(LOAD, &[&id.key()], |row| read(row)).await
}

/// The session that a decision repeats an answer from, and does not change.
pub(super) async fn seen(tx: &Tx<'_>, id: SessionId) -> Result<Option<Session>, Fault> {
    tx.one(LOAD, &[&id.key()], |row| read(row)).await
}

pub(super) async fn of_user(
    database: &Database,
    (project_id, user_id): (ProjectId, UserId),
    after: Option<(Timestamp, SessionId)>,
    limit: u32,
) -> Result<Vec<Session>, StoreError> {
    const SELECT: &str = select_sessions!(
        "JOIN",
        "WHERE s.user_id = $1 AND s.project_id = $2 AND (s.created_at, s.id) < ($3, $4)
        ORDER BY s.created_at DESC, s.id DESC LIMIT $5"
    );
    let (at, id) = after.map_or((i64::MAX, Uuid::max()), |(at, id)| (at.unix_millis(), id.key()));
    let limit = i64::from(limit);
    database.all(SELECT, &[&user_id.key(), &project_id.key(), &at, &id, &limit], read).await
}
