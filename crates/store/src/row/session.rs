//! Sessions.

use super::{Columns, Row};
use crate::error::Fault;
use authmint_domain::model::{
    challenge::ClientPrefix,
    rotation::{LateBranch, ParentWinner, RotationState},
    session::{Device, EndReason, Ended, Session, SessionUser, SignIn},
};
use authmint_protocol::{
    id::{ProjectId, SessionId},
    time::Timestamp,
};
use std::num::NonZeroU32;

/// The columns of [`Fixed`], of sessions `s`.
macro_rules! fixed_columns {
    () => {
        "s.id, s.project_id, s.user_id, s.email, s.method, s.amr, s.proven_at, s.user_agent, s.client, s.opened_from,
            s.created_at, s.absolute_expires_at"
    };
}
pub(crate) use fixed_columns;

/// The columns of [`State`], of states `t`.
macro_rules! state_columns {
    () => {
        "t.generation, t.branches_issued, t.rotated_at, t.parent_winner, t.sibling_branch, t.late_branch,
            t.late_branch_at, t.idle_expires_at, t.ended_at, t.end_reason"
    };
}
pub(crate) use state_columns;

/// A `SELECT` of sessions `s` with their states `t` and projects `p`, as [`read`] takes it: how they are joined, and which.
macro_rules! select_sessions {
    ($join:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $crate::row::session::fixed_columns!(),
            ", ",
            $crate::row::session::state_columns!(),
            ", p.not_before FROM sessions s ",
            $join,
            " session_states t ON t.session_id = s.id ",
            $join,
            " projects p ON p.id = s.project_id ",
            $rest
        )
    };
}
pub(crate) use select_sessions;

/// What never changes of a session.
#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    pub(crate) id: SessionId,
    pub(crate) project_id: ProjectId,
    user: SessionUser,
    sign_in: SignIn,
    device: Device,
    opened_from: Option<ClientPrefix>,
    created_at: Timestamp,
    absolute_expires_at: Timestamp,
}

/// What a rotation or an end changes of a session.
pub(crate) struct State {
    rotation: RotationState,
    idle_expires_at: Timestamp,
    ended: Option<Ended>,
}

impl Fixed {
    /// The session in this state, in a project that lets none have been opened before `not_before`.
    pub(crate) fn in_state(self, state: State, not_before: Option<Timestamp>) -> Session {
        let Self { id, project_id, user, sign_in, device, opened_from, created_at, absolute_expires_at } =
            self;
        let State { rotation, idle_expires_at, ended } = state;
        Session {
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
        }
    }
}

pub(crate) fn read(row: &dyn Row) -> Result<Session, Fault> {
    let id = Columns::only(row, "sessions", "id")?;
    let mut columns = Columns::new(row, "sessions", &id);
    let fixed = next_fixed(&mut columns, id)?;
    let state = next_state(&mut columns)?;
    Ok(fixed.in_state(state, columns.next("not_before")?))
}

/// Reads a row of [`fixed_columns`], and what `then` takes of the columns behind them.
pub(crate) fn read_fixed<T>(
    row: &dyn Row,
    then: impl FnOnce(&mut Columns<'_>) -> Result<T, Fault>,
) -> Result<(Fixed, T), Fault> {
    let id = Columns::only(row, "sessions", "id")?;
    let mut columns = Columns::new(row, "sessions", &id);
    Ok((next_fixed(&mut columns, id)?, then(&mut columns)?))
}

/// Reads a row of a session's ID and [`state_columns`].
pub(crate) fn read_state(row: &dyn Row, id: SessionId) -> Result<State, Fault> {
    let mut columns = Columns::new(row, "session_states", &id);
    columns.skip();
    next_state(&mut columns)
}

fn next_fixed(columns: &mut Columns<'_>, id: SessionId) -> Result<Fixed, Fault> {
    columns.skip();
    Ok(Fixed {
        id,
        project_id: columns.next("project_id")?,
        user: SessionUser { id: columns.next("user_id")?, email: columns.next("email")? },
        sign_in: SignIn {
            method: columns.next("method")?,
            amr: columns.next("amr")?,
            at: columns.next("proven_at")?,
        },
        device: Device { user_agent: columns.next("user_agent")?, client: columns.next("client")? },
        opened_from: columns.next::<Option<String>>("opened_from")?.map(ClientPrefix::from_stored),
        created_at: columns.next("created_at")?,
        absolute_expires_at: columns.next("absolute_expires_at")?,
    })
}

fn next_state(columns: &mut Columns<'_>) -> Result<State, Fault> {
    let rotation = read_rotation(columns)?;
    let idle_expires_at = columns.next("idle_expires_at")?;
    let ended =
        match (columns.next("ended_at")?, columns.optionally_parsed("end_reason", EndReason::from_text)?) {
            (Some(at), Some(reason)) => Some(Ended { at, reason }),
            (None, None) => None,
            _ => return Err(columns.broken("end_reason", "ended_at and end_reason contradict each other")),
        };
    Ok(State { rotation, idle_expires_at, ended })
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
