//! tests
use super::explore::*;
use super::jar::*;
use super::*;
fn run(name: &str, jar: Jar) {
    let t = std::time::Instant::now();
    let e = explore(&jar);
    println!("{name}: {} states {} transitions {:?}", e.states, e.transitions, t.elapsed());
    if let Some(c) = e.counterexample {
        let mut n = 0;
        for l in c {
            if l == "Tick" {
                n += 1
            } else {
                if n > 0 {
                    println!("    +{n}");
                    n = 0;
                }
                println!("    {l}");
            }
        }
    }
}
fn adopt_late(state: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    if p.generation == state.generation && p.branch > state.branches_issued {
        let change = RotationState {
            branches_issued: p.branch,
            late: Some(LateBranch { branch: p.branch, at: now }),
            ..state.clone()
        };
        return Verdict::Reply { row: Row::Adopt, reply: p, change: Some(change) };
    }
    state.decide(p, now, w)
}
#[test]
fn scratch() {
    let ticks = Ticks { grace: 2, settle: 12 };
    let base = Jar {
        rule: RotationState::decide,
        ticks,
        round_trip: 5,
        in_flight: 2,
        failover: false,
        beyond: Beyond::Split,
    };
    run("split 2", base);
    run("split 3", Jar { in_flight: 3, ..base });
    run("literal 2", Jar { beyond: Beyond::TwoLate, ..base });
    run("literal 3", Jar { beyond: Beyond::TwoLate, in_flight: 3, ..base });
    run("literal 3, D=3", Jar { beyond: Beyond::TwoLate, in_flight: 3, round_trip: 3, ..base });
    run("D<=G/2 3", Jar { beyond: Beyond::TwoLate, in_flight: 3, round_trip: 1, ..base });
    run("1", Jar { beyond: Beyond::TwoLate, in_flight: 1, ..base });
    run("failover 1", Jar { failover: true, in_flight: 1, ..base });
    run("failover 2", Jar { failover: true, ..base });
    run("failover 2 adopt_late", Jar { failover: true, rule: adopt_late, ..base });
    run(
        "failover 3 adopt_late D=3",
        Jar { failover: true, rule: adopt_late, in_flight: 3, round_trip: 3, ..base },
    );
    run(
        "failover D<=G/2 3",
        Jar { failover: true, round_trip: 1, in_flight: 3, beyond: Beyond::TwoLate, ..base },
    );
    run(
        "failover D<=G/2 3 adopt_late",
        Jar {
            failover: true,
            rule: adopt_late,
            round_trip: 1,
            in_flight: 3,
            beyond: Beyond::TwoLate,
            ..base
        },
    );
}
