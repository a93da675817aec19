//! A random simulation of thieves: one copy of the jar, and a plan for when to use it.

use super::{
    Presented, RotationState, Verdict, Windows, drafts,
    explore::Rule,
    simulate::{Dice, time},
};

const SESSIONS: u32 = 1_000;
/// A thief who lives as long as this is not found out.
const PATIENCE: u32 = 100;

/// When a thief refreshes; all copy the jar right after the victim's refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Halfway between any two refreshes of the victim.
    LockStep,
    /// At random moments, about as often as the victim.
    Random,
    /// Once, with the copy, after several more refreshes of the victim.
    Stale,
    /// Within the grace window after each refresh of the victim.
    Synchronised,
}

/// How often a victim refreshes, in milliseconds.
#[derive(Clone, Copy)]
struct Pace(u64, u64);

/// A JWT's life of a quarter of an hour, shortened by up to 5 %.
const ORDINARY: Pace = Pace(855_000, 900_000);
/// Page loads of a visit, much closer together than the settling time.
const RESTLESS: Pace = Pace(20_000, 40_000);

/// How many refreshes of the victim succeed after the thief's first; `None` if the two are never found out.
fn survived(rule: Rule, plan: Plan, pace: Pace, seed: u64) -> Option<u32> {
    let mut dice = Dice::seeded(seed);
    let mut row = RotationState::first(time(0));
    let mut refresh =
        |token: &mut Presented, now: u64| match rule(&row, *token, time(now), Windows::default()) {
            Verdict::Theft => false,
            Verdict::Reply { reply, change, .. } => {
                row = change.unwrap_or_else(|| row.clone());
                *token = reply;
                true
            }
        };
    let mut victim = Presented { generation: 1, branch: 1 };
    let mut now = 0;
    for _ in 0..dice.between(1, 20) {
        now += dice.between(pace.0, pace.1);
        assert!(refresh(&mut victim, now), "nobody else is there yet");
    }
    let (mut thief, mut next_theft, mut count) = (victim, None, 0);
    while count < PATIENCE {
        let next = now + dice.between(pace.0, pace.1);
        let theft_at = match plan {
            Plan::LockStep => now + (next - now) / 2,
            Plan::Synchronised => now + dice.between(100, 9_000),
            Plan::Random => *next_theft.get_or_insert_with(|| now + dice.between(pace.0 / 3, pace.1 * 5 / 3)),
            Plan::Stale => *next_theft.get_or_insert_with(|| now + pace.1 * dice.between(12, 24)),
        };
        if theft_at < next {
            if !refresh(&mut thief, theft_at) {
                return Some(count);
            }
            next_theft = None;
        }
        if !refresh(&mut victim, next) {
            return Some(count);
        }
        count += u32::from(plan != Plan::Stale);
        now = next;
    }
    None
}

#[derive(Debug)]
struct Outcome {
    caught: usize,
    median: u32,
    most: u32,
}

fn outcome(name: &str, rule: Rule, plan: Plan, pace: Pace) -> Outcome {
    let mut counts: Vec<u32> =
        (1..=SESSIONS).filter_map(|seed| survived(rule, plan, pace, seed.into())).collect();
    counts.sort_unstable();
    let at = |index: usize| counts.get(index).copied().unwrap_or_default();
    let outcome = Outcome {
        caught: counts.len(),
        median: at(counts.len() / 2),
        most: at(counts.len().saturating_sub(1)),
    };
    println!("| {name}, {plan:?} | {} | {} | {} |", outcome.caught, outcome.median, outcome.most);
    outcome
}

#[test]
fn thieves_are_found_out() {
    println!("| thief, of {SESSIONS} | caught | refreshes the victim survived, median | most |");
    let all = SESSIONS as usize;
    let rule = RotationState::decide;
    let lock_step = outcome("refreshes 15 min apart", rule, Plan::LockStep, ORDINARY);
    assert!(lock_step.caught == all && lock_step.most <= 2, "caught within three refreshes of the victim");
    let random = outcome("refreshes 15 min apart", rule, Plan::Random, ORDINARY);
    assert!(random.caught == all && random.median <= 2, "{random:?}");
    for pace in [ORDINARY, RESTLESS] {
        let stale = outcome("an old copy", rule, Plan::Stale, pace);
        assert!(stale.caught == all && stale.most == 0, "caught at once");
    }
    let restless = outcome("page loads 20 to 40 s apart", rule, Plan::LockStep, RESTLESS);
    assert!(restless.caught == all, "caught once the settling time is over");
    outcome("page loads 20 to 40 s apart", rule, Plan::Random, RESTLESS);
}

/// The limit that only sender constraint closes; and the public algorithm that never finds a patient thief.
#[test]
fn thieves_who_are_not_found_out() {
    let synchronised = outcome("refreshes 15 min apart", RotationState::decide, Plan::Synchronised, ORDINARY);
    assert_eq!(synchronised.caught, 0, "a thief within the grace window of every refresh shares its bytes");
    let counter = outcome("child's use confirms", drafts::childs_use_confirms, Plan::LockStep, ORDINARY);
    assert_eq!(counter.caught, 0, "free reuse of the parent never catches a thief in lock-step");
    let variant = outcome("young tokens converge", drafts::young_converges, Plan::LockStep, RESTLESS);
    assert_eq!(variant.caught, 0, "an answer that joins two branches hides two holders");
}
