//! The model of two holders: a thief copies the jar once, and both refresh, never within the grace window of each
//! other. Whatever they do, and whichever answers are lost or kept, they must be found out soon.

use super::explore::{Decided, HERE, Model, Rule, Snapshot, Standby, Ticks, Token};

/// Which promise is checked, and in which world.
#[derive(Clone, Copy)]
pub(super) struct Holders {
    pub(super) rule: Rule,
    pub(super) ticks: Ticks,
    /// Each holder's own refreshes are more than so many ticks apart.
    pub(super) own_gap: u8,
    /// One failover may lose one or two commits.
    pub(super) failover: bool,
    /// Answers may be lost, or a thief may go on with the older token on purpose.
    pub(super) loss: bool,
    /// So many answers to the victim, each after a refresh of the thief, must never be reached.
    pub(super) survived: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    row: Snapshot,
    victim: Holder,
    thief: Option<Holder>,
    /// The thief refreshed since the victim last did.
    thief_was_here: bool,
    survived: u8,
    standby: Standby,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Holder {
    token: Token,
    /// How long ago this holder refreshed.
    age: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Victim,
    Thief,
}

#[derive(Debug)]
#[expect(dead_code, reason = "read through Debug, in the trace of a counterexample")]
pub(super) enum Step {
    Tick,
    CopyJar(Token),
    Refresh { who: Who, token: Token, reply: Token, kept: bool },
    Undetected { who: Who, token: Token },
    Failover { commits: u8 },
}

type Out = Vec<(Step, Option<State>)>;

impl Model for Holders {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State {
            row: Snapshot::first(),
            victim: Holder { token: Token(HERE, 1), age: 0 },
            thief: None,
            thief_was_here: false,
            survived: 0,
            standby: if self.failover { Standby::InStep } else { Standby::Over },
        }
    }

    fn steps(&self, state: &State, out: &mut Out) {
        let older =
            |holder: Holder| Holder { age: holder.age.saturating_add(1).min(self.oldest()), ..holder };
        let later = State {
            row: state.row.aged(self.ticks),
            victim: older(state.victim),
            thief: state.thief.map(older),
            standby: state.standby.map(|row| row.aged(self.ticks)),
            ..*state
        };
        push(out, Step::Tick, later);
        if let Standby::Behind(row, commits) = state.standby {
            push(out, Step::Failover { commits }, State { row, standby: Standby::Over, ..*state });
        }
        self.refresh(state, Who::Victim, out);
        if state.thief.is_some() {
            self.refresh(state, Who::Thief, out);
        } else {
            let thief = Some(Holder { token: state.victim.token, age: self.oldest() });
            push(out, Step::CopyJar(state.victim.token), State { thief, ..*state });
        }
    }
}

impl Holders {
    fn oldest(&self) -> u8 {
        self.ticks.oldest().max(self.own_gap + 1)
    }

    fn refresh(&self, state: &State, who: Who, out: &mut Out) {
        let thief = state.thief.unwrap_or(Holder { age: self.oldest(), ..state.victim });
        let (own, other) = match who {
            Who::Victim => (state.victim, thief),
            Who::Thief => (thief, state.victim),
        };
        if own.age <= self.own_gap || other.age <= self.ticks.grace {
            return;
        }
        // No answer is theft: the holders are found out, and the story ends.
        let Some(Decided { reply, change, .. }) = state.row.decide(self.rule, own.token, self.ticks) else {
            return;
        };
        for kept in [true, false].into_iter().filter(|kept| *kept || self.loss) {
            let counts = who == Who::Victim && state.thief_was_here && kept;
            let survived = state.survived + u8::from(counts);
            if survived >= self.survived {
                out.push((Step::Undetected { who, token: own.token }, None));
                continue;
            }
            let holder = Holder { token: if kept { reply } else { own.token }, age: 0 };
            let mut next = State { survived, thief_was_here: who == Who::Thief, ..*state };
            match who {
                Who::Victim => next.victim = holder,
                Who::Thief => next.thief = Some(holder),
            }
            let step = || Step::Refresh { who, token: own.token, reply, kept };
            let Some(row) = change else {
                push(out, step(), next);
                continue;
            };
            for standby in state.standby.after_commit(state.row) {
                push(out, step(), State { row, standby, ..next });
            }
        }
    }
}

fn push(out: &mut Out, step: Step, mut next: State) {
    let by = HERE.wrapping_sub(next.row.generation).cast_signed();
    next.row = next.row.shifted(by);
    next.standby = next.standby.map(|row| row.shifted(by));
    next.victim.token = next.victim.token.shifted(by);
    if let Some(thief) = &mut next.thief {
        thief.token = thief.token.shifted(by);
    }
    // Branch numbers only grow; how far does not matter to what is proven here, but it must end.
    if next.row.branches < 9 {
        out.push((step, Some(next)));
    }
}
