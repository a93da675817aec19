//! Sessions.

use super::Columns;
use crate::error::Fault;
use authmint_domain::model::{
    challenge::ClientPrefix,
    rotation::{LateBranch, ParentWinner, RotationState},
    session::{Device, EndReason, Ended, Session, SessionUser, SignIn},
};
use std::num::NonZeroU32;

/// A `SELECT` of sessions `s` with their states `t` and projects `p`, as [`read`] takes it: how they are joined, and which.
macro_rules! select_sessions {
    ($join:literal, $rest:literal) => {
        concat!(
            "SELECT s.id, s.project_id, s.user_id, s.method, s.amr, s.proven_at, s.user_agent, s.client,
                s.opened_from, s.created_at, t.generation, t.branches_issued, t.rotated_at, t.parent_winner,
                t.sibling_branch, t.late_branch, t.late_branch_at, t.idle_expires_at, s.absolute_expires_at,
                t.ended_at, t.end_reason, s.email, p.not_before
            FROM sessions s ",
            $join,
            " session_states t ON t.session_id = s.id ",
            $join,
            " projects p ON p.id = s.project_id ",
            $rest
        )
    };
}
pub(crate) use select_sessions;

pub(crate) fn read(row: &dyn super::Row) -> Result<Session, Fault> {
    let id = Columns::only(row, "sessions", "id")?;
    let mut columns = Columns::new(row, "sessions", &id);
    columns.skip();
    let project_id = columns.next("project_id")?;
    let user_id = columns.next("user_id")?;
    let sign_in =
        SignIn { method: columns.next("method")?, amr: columns.next("amr")?, at: columns.next("proven_at")? };
    let device = Device { user_agent: columns.next("user_agent")?, client: columns.next("client")? };
    let opened_from = columns.next::<Option<String>>("opened_from")?.map(ClientPrefix::from_stored);
    let created_at = columns.next("created_at")?;
    let rotation = read_rotation(&mut columns)?;
    let idle_expires_at = columns.next("idle_expires_at")?;
    let absolute_expires_at = columns.next("absolute_expires_at")?;
    let ended =
        match (columns.next("ended_at")?, columns.optionally_parsed("end_reason", EndReason::from_text)?) {
            (Some(at), Some(reason)) => Some(Ended { at, reason }),
            (None, None) => None,
            _ => return Err(columns.broken("end_reason", "ended_at and end_reason contradict each other")),
        };
    let user = SessionUser { id: user_id, email: columns.next("email")? };
    let not_before = columns.next("not_before")?;
    Ok(Session {
        id,
        project_id,
        user,
        sign_in,
        device,
        opened_from,
        created_at,
        rotation,
        idle_expires_at,
        absolute_expires_at,
        ended,
        not_before,
    })
}

fn read_rotation(columns: &mut Columns<'_>) -> Result<RotationState, Fault> {
    let generation = columns.next::<NonZeroU32>("generation")?.get();
    let branches_issued = columns.next::<NonZeroU32>("branches_issued")?.get();
    let rotated_at = columns.next("rotated_at")?;
    let parent_winner =
        columns.next::<Option<u32>>("parent_winner")?.map_or(ParentWinner::Any, ParentWinner::Branch);
    let sibling_branch = columns.next("sibling_branch")?;
    let late = match (columns.next("late_branch")?, columns.next("late_branch_at")?) {
        (Some(branch), Some(at)) => Some(LateBranch { branch, at }),
        (None, None) => None,
        _ => {
            return Err(
                columns.broken("late_branch_at", "late_branch and late_branch_at contradict each other")
            );
        }
    };
    Ok(RotationState { generation, branches_issued, rotated_at, parent_winner, sibling_branch, late })
}

/// The column `parent_winner`.
pub(crate) const fn winner(winner: ParentWinner) -> Option<u32> {
    match winner {
        ParentWinner::Branch(branch) => Some(branch),
        ParentWinner::Any => None,
    }
}
