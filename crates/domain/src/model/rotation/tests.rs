//! The table, line by line; its edges; the threats it answers; and what holds for any row at all.

use super::*;
use proptest::prelude::*;

const G: u64 = 10_000;
const M: u64 = 180_000;

fn at(millis: u64) -> Timestamp {
    Timestamp::EPOCH.after(Duration::from_millis(1_000_000_000 + millis))
}

fn token(generation: u32, branch: u32) -> Presented {
    Presented { generation, branch }
}

/// Generation 5, rotated at 0 by branch 2 of generation 4.
fn row() -> RotationState {
    RotationState { generation: 5, parent_winner: ParentWinner::Branch(2), ..RotationState::first(at(0)) }
}

/// A session under test, its row kept between requests.
struct Story(RotationState, Windows);

impl Story {
    fn of(state: RotationState) -> Self {
        Self(state, Windows::default())
    }

    /// Row number, replied generation and branch, and whether it wrote; theft as `(7, 0, 0, false)`.
    fn present(&mut self, millis: u64, generation: u32, branch: u32) -> (u8, u32, u32, bool) {
        match self.0.decide(token(generation, branch), at(millis), self.1) {
            Verdict::Theft => (7, 0, 0, false),
            Verdict::Reply { row, reply, change } => {
                let wrote = change.is_some();
                self.0 = change.unwrap_or_else(|| self.0.clone());
                (row.number(), reply.generation, reply.branch, wrote)
            }
        }
    }
}

const THEFT: (u8, u32, u32, bool) = (7, 0, 0, false);

#[test]
fn row_1_a_token_ahead_of_the_database_is_adopted_as_it_is() {
    let mut story = Story::of(RotationState { sibling_branch: Some(2), branches_issued: 2, ..row() });
    assert_eq!(story.present(500_000, 8, 3), (1, 8, 3, true), "however many generations were lost");
    let adopted = RotationState { generation: 8, branches_issued: 3, ..RotationState::first(at(500_000)) };
    assert_eq!(story.0, RotationState { parent_winner: ParentWinner::Any, ..adopted });
    assert_eq!(story.present(500_000 + G, 7, 9), (4, 8, 3, false), "after any, its last branch");
    assert_eq!(story.present(500_001 + G, 7, 9), (6, 8, 4, true), "after any and the window, a late branch");
    assert_eq!(story.present(500_002 + G, 6, 1), THEFT);
}

#[test]
fn row_1_a_branch_ahead_of_the_database_is_adopted_and_nothing_else_changes() {
    let mut story = Story::of(row());
    assert_eq!(story.present(M + 1, 5, 3), (1, 5, 3, true));
    assert_eq!(story.0, RotationState { branches_issued: 3, ..row() });
    assert_eq!(story.present(M + 1, 5, 3), (3, 6, 1, true), "its generation is as old as before");
}

#[test]
fn row_2_nothing_rotates_until_it_has_settled() {
    let mut story = Story::of(RotationState { branches_issued: 2, ..row() });
    assert_eq!(story.present(M, 5, 1), (2, 5, 1, false));
    assert_eq!(story.present(M, 5, 2), (2, 5, 2, false));
    assert_eq!(story.present(M + 1, 5, 2), (3, 6, 1, true));
}

#[test]
fn row_2_a_late_branch_settles_by_itself_alone() {
    let late = 1_000_000;
    let mut story = Story::of(row());
    assert_eq!(story.present(late, 4, 2), (6, 5, 2, true));
    assert_eq!(story.present(late + M, 5, 2), (2, 5, 2, false));
    assert_eq!(story.present(late + M, 5, 1), (3, 6, 1, true), "the other holder's branch rotates");
    let mut story = Story::of(row());
    story.present(late, 4, 2);
    assert_eq!(story.present(late + M + 1, 5, 2), (3, 6, 1, true));
    let mut story = Story::of(row());
    story.present(late, 4, 2);
    assert_eq!(story.present(late + G + 1, 4, 2), (6, 5, 3, true));
    assert_eq!(
        story.present(late + G + 2, 5, 2),
        (3, 6, 1, true),
        "an earlier late branch is not the newest"
    );
}

#[test]
fn row_3_the_winner_is_remembered_and_the_branches_begin_anew() {
    let late = Some(LateBranch { branch: 3, at: at(5) });
    let state = RotationState { branches_issued: 3, sibling_branch: Some(2), late, ..row() };
    let mut story = Story::of(state);
    assert_eq!(story.present(M + 6, 5, 2), (3, 6, 1, true));
    let expected = RotationState { generation: 6, ..RotationState::first(at(M + 6)) };
    assert_eq!(story.0, RotationState { parent_winner: ParentWinner::Branch(2), ..expected });
}

#[test]
fn row_4_contenders_of_a_rotation_get_its_answer() {
    let mut story = Story::of(row());
    for millis in [0, 1, G] {
        assert_eq!(story.present(millis, 4, 2), (4, 5, 1, false));
    }
}

#[test]
fn row_5_the_losers_share_one_branch() {
    let mut story = Story::of(row());
    assert_eq!(story.present(1, 4, 1), (5, 5, 2, true));
    assert_eq!(story.present(G, 4, 3), (5, 5, 2, false));
    assert_eq!(story.present(G, 4, 2), (4, 5, 1, false), "the winner's answer stays as it was");
}

#[test]
fn row_6_a_lost_answer_may_be_retried_as_often_as_it_is_lost() {
    let mut story = Story::of(row());
    for retry in 0..100_u32 {
        let millis = u64::from(retry + 1) * (G + 1);
        assert_eq!(story.present(millis, 4, 2), (6, 5, retry + 2, true));
        assert_eq!(story.present(millis + G, 4, 2), (6, 5, retry + 2, false), "a retry is a storm too");
    }
}

#[test]
fn row_7_everything_else_is_theft() {
    let mut story = Story::of(row());
    assert_eq!(story.present(G + 1, 4, 1), THEFT, "not the winner, after the window");
    assert_eq!(story.present(0, 3, 1), THEFT);
    assert_eq!(story.present(0, 0, 1), THEFT);
    assert_eq!(story.present(0, 5, 0), THEFT, "no token has branch 0");
    assert_eq!(story.0, row(), "theft leaves nothing behind that could open a window again");
}

#[test]
fn a_fresh_session_has_no_parent_to_trade() {
    for now in [0, G, G + 1, M + 1] {
        for branch in 0..3 {
            assert_eq!(Story::of(RotationState::first(at(0))).present(now, 0, branch), THEFT);
        }
    }
}

#[test]
fn a_settling_time_of_zero_switches_the_young_row_off() {
    let mut story = Story(row(), Windows { settle: Duration::ZERO, ..Windows::default() });
    assert_eq!(story.present(0, 5, 1), (3, 6, 1, true));
    assert_eq!(story.present(0, 6, 1), (3, 7, 1, true));
}

#[test]
fn a_clock_that_goes_back_neither_ages_nor_rejuvenates() {
    let mut story = Story(RotationState { rotated_at: at(M), ..row() }, Windows::default());
    assert_eq!(story.present(0, 5, 1), (2, 5, 1, false), "a negative age counts as zero");
    assert_eq!(story.present(0, 4, 2), (4, 5, 1, false));
    story.1.settle = Duration::ZERO;
    assert_eq!(story.present(0, 5, 1), (3, 6, 1, true));
    assert_eq!(story.0.rotated_at, at(M), "the time of rotation never goes back");
    assert_eq!(story.present(0, 9, 1), (1, 9, 1, true));
    assert_eq!(story.0.rotated_at, at(M));
}

#[test]
fn numbers_at_their_end_do_not_wrap() {
    let end = RotationState { generation: u32::MAX, branches_issued: u32::MAX, ..row() };
    let mut story = Story::of(end.clone());
    assert_eq!(story.present(1, u32::MAX - 1, 1), (5, u32::MAX, u32::MAX, true));
    assert_eq!(story.present(G + 1, u32::MAX - 1, 2), (6, u32::MAX, u32::MAX, true));
    assert_eq!(Story::of(end).present(M + 1, u32::MAX, 7), (3, u32::MAX, 1, true));
}

/// The shortest story of an honest jar refused: round trips of up to 61 s, where a third of the settling time is 60 s.
#[test]
fn a_jar_slower_than_a_third_of_the_settling_time_may_be_refused() {
    let mut story = Story::of(row());
    assert_eq!(story.present(180_000, 5, 1), (2, 5, 1, false), "left at 180 s; its answer arrives at 241 s");
    assert_eq!(story.present(180_001, 5, 1), (3, 6, 1, true), "left at 180 s; its answer arrives at 240 s");
    assert_eq!(
        story.present(240_500, 6, 1),
        (2, 6, 1, false),
        "left at 240.5 s; its answer arrives at 301.5 s"
    );
    // From 241 s to 301.5 s the stale answer has put the old token back into the jar; it leaves once more at 301 s.
    assert_eq!(story.present(360_002, 6, 1), (3, 7, 1, true), "left at 360 s");
    assert_eq!(story.present(362_000, 5, 1), THEFT, "left at 301 s");
}

/// Every descendant of a family in which theft was found, presented within the grace window: a public system measured
/// grace from a time that revocation itself had moved, and so revived revoked tokens.
#[test]
fn threat_14_revocation_moves_no_time_that_grace_is_measured_from() {
    let mut story = Story::of(row());
    story.present(M + 1, 5, 1);
    let before = story.0.clone();
    let found = M + 1 + G + 1;
    assert_eq!(story.present(found, 5, 2), THEFT);
    assert_eq!(story.0, before, "the verdict carries no state to write");
    for millis in [found, found + G] {
        assert_eq!(
            story.present(millis, 5, 2),
            THEFT,
            "the same token is no better within a window of the finding"
        );
        assert_eq!(story.present(millis, 4, 2), THEFT);
    }
    let mut bumped = Story::of(RotationState { rotated_at: at(found), ..before });
    assert_eq!(bumped.present(found + G, 5, 2).0, 5, "what the public system did would revive it");
}

/// A parent's parent is never answered, however young the rotations in between.
#[test]
fn threat_15_grace_never_reaches_two_generations_back() {
    let mut story =
        Story(RotationState::first(at(0)), Windows { settle: Duration::ZERO, ..Windows::default() });
    story.present(0, 1, 1);
    assert_eq!(story.present(0, 1, 1), (4, 2, 1, false));
    story.present(0, 2, 1);
    assert_eq!(story.present(0, 1, 1), THEFT);
}

prop_compose! {
    fn any_windows()(grace in 0..20_u64, settle in 0..300_u64) -> Windows {
        Windows { grace: Duration::from_secs(grace), settle: Duration::from_secs(settle) }
    }
}

prop_compose! {
    /// Any row a session can have, and many that it cannot.
    fn any_row()(
        generation in 1..6_u32,
        branches_issued in 1..5_u32,
        rotated in 0..600_u64,
        winner in 0..5_u32,
        any in any::<bool>(),
        sibling_branch in proptest::option::of(1..5_u32),
        late in proptest::option::of((1..5_u32, 0..600_u64)),
    ) -> RotationState {
        RotationState {
            generation,
            branches_issued,
            rotated_at: at(rotated * 1_000),
            parent_winner: if any { ParentWinner::Any } else { ParentWinner::Branch(winner) },
            sibling_branch,
            late: late.map(|(branch, millis)| LateBranch { branch, at: at(millis * 1_000) }),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn replays_two_generations_back_are_theft(
        row in any_row(), back in 2..6_u32, b in 0..6_u32, now in 0..900_u64, w in any_windows(),
    ) {
        let g = row.generation.saturating_sub(back);
        prop_assert_eq!(row.decide(token(g, b), at(now * 1_000), w), Verdict::Theft);
    }

    #[test]
    fn only_the_current_generation_rotates_and_only_the_winner_is_late(
        row in any_row(), g in 0..8_u32, b in 0..6_u32, now in 0..900_u64, w in any_windows(),
    ) {
        let Verdict::Reply { row: line, reply, change } = row.decide(token(g, b), at(now * 1_000), w) else {
            return Ok(());
        };
        prop_assert!(g > 0 && b > 0);
        prop_assert_eq!(line == Row::Rotate, g == row.generation && reply.generation == g + 1);
        if matches!(line, Row::Late) {
            prop_assert_eq!(g + 1, row.generation);
            prop_assert!(matches!(row.parent_winner, ParentWinner::Any) || row.parent_winner == ParentWinner::Branch(b));
        }
        prop_assert_ne!(line, Row::Theft);
        let next = change.unwrap_or_else(|| row.clone());
        prop_assert_eq!(reply.generation, next.generation, "an answer is always of the current generation");
        prop_assert!(next.generation >= row.generation && next.rotated_at >= row.rotated_at);
    }

    #[test]
    fn one_storm_is_one_answer_and_one_write(
        state in any_row(), b in 0..4_u32, later in proptest::collection::vec(0..=G, 1..9),
    ) {
        // Late enough for whatever the row holds to be settled.
        let start = 1_000_000;
        let mut story = Story::of(state.clone());
        let b = 1 + b % state.branches_issued;
        prop_assert_eq!(story.present(start, state.generation, b), (3, state.generation + 1, 1, true));
        for delay in &later {
            prop_assert_eq!(story.present(start + delay, state.generation, b), (4, state.generation + 1, 1, false));
        }
        let late = start + G + 1;
        prop_assert_eq!(story.present(late, state.generation, b), (6, state.generation + 1, 2, true));
        for delay in &later {
            prop_assert_eq!(story.present(late + delay, state.generation, b), (6, state.generation + 1, 2, false));
        }
    }
}
