//! The model check: what the rule promises, and how each refused rule breaks it.

use super::{
    RotationState, drafts,
    explore::{Explored, Model, Rule, Ticks, explore},
    holders::Holders,
    jar::{Failover, Jar, Promise},
};

/// Grace and settling time as 1 : 6, and round trips of up to a third of the settling time.
const TICKS: Ticks = Ticks { grace: 2, settle: 12 };

/// The same with fewer ticks, where a failover multiplies the states.
const COARSE: Ticks = Ticks { grace: 1, settle: 6 };

const JAR: Jar = Jar {
    rule: RotationState::decide,
    ticks: TICKS,
    round_trip: 4,
    in_flight: 3,
    late_branches: 2,
    failover: Failover::Never,
    promise: Promise::NeverRefusedUnlessSplit,
};

const HOLDERS: Holders = Holders {
    rule: RotationState::decide,
    ticks: Ticks { grace: 2, settle: 6 },
    own_gap: 6,
    failover: false,
    loss: true,
    survived: 3,
};

/// Explores everything and finds no broken promise; so many states keep the exploration from being an empty one.
fn holds<M: Model>(name: &str, at_least: usize, model: &M) {
    let Explored { states, transitions, counterexample } = explore(model);
    println!("{name}: holds in {states} states, {transitions} transitions");
    assert_eq!(counterexample, None, "{name}");
    assert!(states >= at_least, "{name}: only {states} states");
}

/// Finds a way to break the promise.
fn fails<M: Model>(name: &str, model: &M) -> Vec<String> {
    let found = explore(model);
    let trace = found.counterexample.unwrap_or_default();
    println!("{name}: fails after {} states\n    {}", found.states, trace.join("\n    "));
    assert!(!trace.is_empty(), "{name}: no counterexample in {} states", found.states);
    trace
}

#[test]
fn no_honest_jar_is_refused() {
    holds("one jar, three requests at once", 300_000, &JAR);
    let finer = Ticks { grace: 5, settle: 15 };
    holds("the same, grace as long as a round trip", 300_000, &Jar { ticks: finer, round_trip: 5, ..JAR });
    let one = Jar { in_flight: 1, promise: Promise::NeverRefused, ..JAR };
    holds("one request at a time, however slow", 4_000, &Jar { round_trip: 15, ..one });
    holds("the same, four late branches", 5_000, &Jar { late_branches: 4, ..one });
}

#[test]
fn no_honest_jar_is_refused_after_a_failover_that_lost_rotations() {
    let failover = Failover::LosesRotations;
    holds(
        "failover, three requests at once",
        100_000,
        &Jar { ticks: COARSE, round_trip: 2, failover, ..JAR },
    );
    holds("failover, two requests at once", 100_000, &Jar { in_flight: 2, failover, ..JAR });
    let one = Jar { in_flight: 1, round_trip: 15, failover: Failover::LosesAnything, ..JAR };
    holds("failover, one request at a time", 20_000, &Jar { promise: Promise::NeverRefused, ..one });
}

#[test]
fn one_storm_has_one_answer_and_one_write() {
    let storm = Jar { promise: Promise::OneStormOneAnswer, ..JAR };
    holds("storms", 200_000, &Jar { ticks: COARSE, round_trip: 2, ..storm });
    let failover = Failover::LosesAnything;
    holds(
        "storms with a failover",
        300_000,
        &Jar { ticks: COARSE, round_trip: 2, in_flight: 2, failover, ..storm },
    );
}

#[test]
fn two_holders_are_caught_within_three_refreshes_of_the_victim() {
    holds("two holders, answers lost or kept back", 100_000, &HOLDERS);
    holds(
        "two holders, own refreshes at any gap: within four",
        500_000,
        &Holders { own_gap: 0, survived: 4, ..HOLDERS },
    );
    fails("two holders caught within two", &Holders { survived: 2, ..HOLDERS });
    let failover = Holders { failover: true, loss: false, survived: 5, ..HOLDERS };
    holds("two holders with a failover: within five", 5_000, &failover);
    let ticks = Ticks { grace: 1, settle: 3 };
    let lossy = Holders { ticks, own_gap: 3, loss: true, survived: 6, ..failover };
    holds("the same, answers lost or kept back: within six", 100_000, &lossy);
    fails("two holders with a failover caught within four", &Holders { survived: 4, ..failover });
}

/// The limits of the promise, so that nobody believes more than is true.
#[test]
fn limits_that_are_said_aloud() {
    let shorter = Ticks { settle: 16, ..TICKS };
    fails("round trips of three eighths of the settling time", &Jar { ticks: shorter, round_trip: 6, ..JAR });
    fails("two late branches of one generation", &Jar { late_branches: 3, ..JAR });
    fails("two branches held while their generation rotates", &Jar { promise: Promise::NeverRefused, ..JAR });
    let lost_branch = Jar { failover: Failover::LosesAnything, ..JAR };
    fails("a failover loses a late branch", &lost_branch);
    let variant = Jar { rule: drafts::adopted_branch_settles, ticks: COARSE, round_trip: 2, ..lost_branch };
    holds("variant: the adopted branch counts as late", 100_000, &variant);
    let holders = Holders { failover: true, loss: false, survived: 5, rule: variant.rule, ..HOLDERS };
    holds("the same, two holders", 5_000, &holders);
}

#[test]
fn drafts_that_sign_honest_users_out_are_found_out() {
    fails("draft without settling time", &Jar { rule: drafts::without_settling, ..JAR });
    let capped = Jar { in_flight: 1, late_branches: 4, rule: drafts::capped_late_retries, ..JAR };
    fails("draft with a cap on late retries", &capped);
    let failover = Jar { failover: Failover::LosesRotations, ..JAR };
    fails("draft whose failover row rotates", &Jar { rule: drafts::failover_rotates, ..failover });
    fails("draft that believes one lost generation", &Jar { rule: drafts::one_lost_generation, ..failover });
    let storm = Jar { promise: Promise::OneStormOneAnswer, rule: drafts::sibling_for_each, ..JAR };
    fails("draft with a sibling branch per contender", &storm);
}

#[test]
fn public_algorithms_give_up_one_or_the_other() {
    let public: [(&str, Rule); 4] = [
        ("strict single use", drafts::strict_single_use),
        ("replay of the stored answer in grace", drafts::replay_in_grace),
        ("forking in grace", drafts::fork_in_grace),
        ("the child's use confirms", drafts::childs_use_confirms),
    ];
    for (name, rule) in public {
        fails(&format!("{name}: honest jar"), &Jar { rule, ..JAR });
    }
    let rule = drafts::childs_use_confirms;
    fails(
        "the child's use confirms: lock-step thief",
        &Holders { rule, survived: 50, loss: false, ..HOLDERS },
    );
}

/// Each would close a corner for honest users; each lets a thief live who is quick enough.
#[test]
fn variants_that_shield_a_thief_are_found_out() {
    let quick = Holders { own_gap: 0, survived: 6, ..HOLDERS };
    let corner = Jar { late_branches: 3, rule: drafts::late_settles_all, ..JAR };
    holds("variant: a late branch settles all, honest jar", 500_000, &corner);
    fails("variant: a late branch settles all, thief", &Holders { rule: drafts::late_settles_all, ..quick });
    fails(
        "variant: young tokens converge, thief",
        &Holders { rule: drafts::young_converges, survived: 20, loss: false, ..quick },
    );
}
