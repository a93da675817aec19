//! tests
use super::explore::*;
use super::jar::*;
use super::*;
use super::holders::*;
fn run<M: Model>(name: &str, jar: M) {
    let t = std::time::Instant::now();
    let e = explore(&jar);
    println!("{name}: {} states {} transitions {:?}", e.states, e.transitions, t.elapsed());
    if let Some(c) = e.counterexample { let mut n=0; for l in c { if l=="Tick" {n+=1} else { if n>0 {println!("    +{n}"); n=0;} println!("    {l}");} } }
}
fn adopt_late(state: &RotationState, p: Presented, now: Timestamp, w: Windows) -> Verdict {
    if p.generation == state.generation && p.branch > state.branches_issued {
        let change = RotationState { branches_issued: p.branch, late: Some(LateBranch{branch:p.branch, at: now}), ..state.clone() };
        return Verdict::Reply { row: Row::Adopt, reply: p, change: Some(change) };
    }
    state.decide(p, now, w)
}
#[test]
fn scratch() {
    let ticks = Ticks { grace: 2, settle: 12 };
    let base = Jar { rule: RotationState::decide, ticks, round_trip: 4, in_flight: 3, failover: false, loss: true, late_branches: 3, split: Split::NotAtRotation };
    run("D=M/3 late<3", base);
    run("D=M/3 late<2", Jar{late_branches:2, ..base});
    run("D=M/3 late<2 G=1", Jar{late_branches:2, ticks: Ticks{grace:1,settle:12}, ..base});
    run("D=M/3 late<2 G=1", Jar{late_branches:2, ticks: Ticks{grace:1,settle:12}, ..base});
    run("D=M/3 late<2 G=5", Jar{late_branches:2, ticks: Ticks{grace:5,settle:12}, ..base});
    run("D=M/2", Jar { round_trip: 5, ..base});
    run("D=M/3+", Jar { round_trip: 5, ticks: Ticks{grace: 2, settle: 14}, ..base});
    run("literal D=M/3", Jar { split: Split::Covered, ..base});
    run("1 slow", Jar { in_flight: 1, round_trip: 15, split: Split::Covered, ..base});
    run("split", Jar { loss: false, round_trip: 1, split: Split::FromStart, ..base});
    let f = Jar { failover: true, ..base };
    run("failover 1", Jar { in_flight: 1, round_trip: 15, split: Split::Covered, ..f });
    run("failover 2", Jar { in_flight: 2, ..f });
    run("failover 3 no loss", Jar { in_flight: 3, loss: false, ..f });
    run("failover 3 D=1", Jar { in_flight: 3, round_trip:1, ..f });
    run("failover 3 adopt_late", Jar { rule: adopt_late, ..f });
}
#[test]
fn scratch2() {
    let ticks = Ticks { grace: 2, settle: 6 };
    let base = Holders { rule: RotationState::decide, ticks, own_gap: 6, failover: false, loss: false, survived: 3 };
    run("3", base);
    run("2", Holders { survived: 2, ..base });
    run("1", Holders { survived: 1, ..base });
    run("3 loss", Holders { loss: true, ..base });
    run("4 loss", Holders { loss: true, survived:4, ..base });
    run("3 any", Holders { own_gap: 0, ..base });
    run("5 fail", Holders { failover: true, survived: 5, ..base });
    run("4 fail", Holders { failover: true, survived: 4, ..base });
    run("5 fail loss", Holders { failover: true, loss: true, survived: 5, ..base });
}
