//! Rules that were refused: our own drafts and the public algorithms, each different from the rule in one point.

use super::{LateBranch, ParentWinner, Presented, RotationState, Row, Verdict, Windows};
use authmint_protocol::time::Timestamp;

/// Draft: nothing settles, so every refresh outside a storm rotates.
pub(super) fn without_settling(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    s.decide(p, now, Windows { settle: std::time::Duration::ZERO, ..w })
}

/// Draft: a lost answer may be retried once.
pub(super) fn capped_late_retries(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    match s.decide(p, now, w) {
        Verdict::Reply { row: Row::Late, change: Some(_), .. } if s.late.is_some() => Verdict::Theft,
        verdict => verdict,
    }
}

/// Draft: a token ahead of the database rotates at once.
pub(super) fn failover_rotates(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    if p.generation > s.generation { rotate(p, now) } else { s.decide(p, now, w) }
}

/// Draft: a token ahead of the database is believed if one commit was lost.
pub(super) fn one_lost_generation(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    if p.generation > s.generation + 1 { Verdict::Theft } else { s.decide(p, now, w) }
}

/// Draft: every loser of a rotation gets a branch of its own.
pub(super) fn sibling_for_each(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    RotationState { sibling_branch: None, ..s.clone() }.decide(p, now, w)
}

/// Variant: a late branch makes every branch of its generation young.
pub(super) fn late_settles_all(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    let young = s.late.is_some_and(|late| now.since(late.at) <= w.settle);
    if young && p.generation == s.generation && p.branch <= s.branches_issued {
        return Verdict::Reply { row: Row::Young, reply: p, change: None };
    }
    s.decide(p, now, w)
}

/// Variant: a young token is answered with the newest branch of its generation.
pub(super) fn young_converges(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    match s.decide(p, now, w) {
        Verdict::Reply { row: Row::Young, reply, .. } => {
            let reply = Presented { branch: s.branches_issued, ..reply };
            Verdict::Reply { row: Row::Young, reply, change: None }
        }
        verdict => verdict,
    }
}

/// Variant: a branch that a failover lost counts as a late branch when it shows up.
pub(super) fn adopted_branch_settles(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    if p.generation != s.generation || p.branch <= s.branches_issued {
        return s.decide(p, now, w);
    }
    let late = Some(LateBranch { branch: p.branch, at: now });
    let change = Some(RotationState { branches_issued: p.branch, late, ..s.clone() });
    Verdict::Reply { row: Row::Adopt, reply: p, change }
}

/// Public: each token works once (RFC 9700, section 4.14).
pub(super) fn strict_single_use(s: &RotationState, p: Presented, now: Timestamp, _: Windows) -> Verdict {
    if p.generation == s.generation { rotate(p, now) } else { Verdict::Theft }
}

/// Public: within the grace window the stored answer is repeated.
pub(super) fn replay_in_grace(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    if is_parent(s, p) && now.since(s.rotated_at) <= w.grace {
        return repeat(s, 1, None);
    }
    strict_single_use(s, p, now, w)
}

/// Public: within the grace window every use of the parent makes another child, and any child rotates.
pub(super) fn fork_in_grace(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    if is_parent(s, p) && now.since(s.rotated_at) <= w.grace {
        let branches_issued = s.branches_issued + 1;
        return repeat(s, branches_issued, Some(RotationState { branches_issued, ..s.clone() }));
    }
    strict_single_use(s, p, now, w)
}

/// Public: the parent works until a child is used.
pub(super) fn childs_use_confirms(s: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    if is_parent(s, p) { repeat(s, 1, None) } else { strict_single_use(s, p, now, w) }
}

fn is_parent(s: &RotationState, p: Presented) -> bool {
    p.generation + 1 == s.generation
}

fn repeat(s: &RotationState, branch: u32, change: Option<RotationState>) -> Verdict {
    Verdict::Reply { row: Row::Grace, reply: Presented { generation: s.generation, branch }, change }
}

fn rotate(p: Presented, now: Timestamp) -> Verdict {
    let change = RotationState {
        generation: p.generation + 1,
        parent_winner: ParentWinner::Branch(p.branch),
        ..RotationState::first(now)
    };
    repeat(&change, 1, Some(change.clone()))
}
