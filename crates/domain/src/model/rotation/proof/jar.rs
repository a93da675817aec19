//! The model of one honest cookie jar: requests overlap, answers come late, out of order or never, the database
//! fails over. No step of it may be judged a theft.

use super::{
    Row,
    explore::{Decided, HERE, Model, Rule, Snapshot, Standby, Ticks, Token},
};

/// Which promise is checked, and in which world.
#[derive(Clone, Copy)]
pub(super) struct Jar {
    pub(super) rule: Rule,
    pub(super) ticks: Ticks,
    /// A request and its answer together take at most so many ticks.
    pub(super) round_trip: u8,
    pub(super) in_flight: usize,
    /// So many late branches of one generation end the exploration.
    pub(super) late_branches: u8,
    pub(super) failover: Failover,
    pub(super) promise: Promise,
}

/// What one failover may lose; one or two commits in any case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Failover {
    Never,
    /// Rotations: the exploration stops where a lost branch of the current generation shows up.
    LosesRotations,
    LosesAnything,
}

/// What must hold at every step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// No request is refused.
    NeverRefused,
    /// The same, but the exploration stops where a generation rotates of which the client holds two branches, in its
    /// jar or under way: to the server it is then two holders.
    NeverRefusedUnlessSplit,
    /// Every contender gets the same answer and one write; whether someone is refused is not looked at.
    OneStormOneAnswer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    row: Snapshot,
    jar: Token,
    /// Sorted, so that requests are alike.
    flights: [Option<Flight>; 3],
    late_branches: u8,
    standby: Standby,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Flight {
    answered: bool,
    token: Token,
    age: u8,
}

#[derive(Debug)]
#[expect(dead_code, reason = "read through Debug, in the trace of a counterexample")]
pub(super) enum Step {
    Tick,
    Send(Token),
    Arrive { token: Token, row: Row, reply: Token },
    Refused(Token),
    TwoAnswersOfOneStorm(Token),
    Receive(Token),
    LoseAnswer(Token),
    Failover { commits: u8 },
}

type Out = Vec<(Step, Option<State>)>;

impl Model for Jar {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        let standby = if self.failover == Failover::Never { Standby::Over } else { Standby::InStep };
        State { row: Snapshot::first(), jar: Token(HERE, 1), flights: [None; 3], late_branches: 0, standby }
    }

    fn steps(&self, state: &State, out: &mut Out) {
        self.tick(state, out);
        if let Some(free) = state.flights[..self.in_flight].iter().position(Option::is_none) {
            let flight = Flight { answered: false, token: state.jar, age: 0 };
            self.push(out, Step::Send(state.jar), state.with(free, Some(flight)));
        }
        for (at, flight) in state.flights.iter().enumerate().filter_map(|(at, flight)| Some((at, (*flight)?)))
        {
            if flight.answered {
                let received = State { jar: flight.token, ..state.with(at, None) };
                self.push(out, Step::Receive(flight.token), received);
                self.push(out, Step::LoseAnswer(flight.token), state.with(at, None));
            } else {
                // A request lost on its way is like one never sent, so only answers need be lost.
                self.arrive(state, at, flight, out);
            }
        }
        if let Standby::Behind(row, commits) = state.standby {
            // The row may be of an older generation, which may have late branches of its own: count them anew.
            let failed_over = State { row, standby: Standby::Over, late_branches: 0, ..*state };
            self.push(out, Step::Failover { commits }, failed_over);
        }
    }
}

impl Jar {
    /// Time passes unless a request would become slower than the promise covers.
    fn tick(&self, state: &State, out: &mut Out) {
        if state.flights.iter().flatten().any(|flight| flight.age >= self.round_trip) {
            return;
        }
        let older = |flight: Flight| Flight { age: flight.age + 1, ..flight };
        let later = State {
            row: state.row.aged(self.ticks),
            flights: state.flights.map(|flight| flight.map(older)),
            standby: state.standby.map(|row| row.aged(self.ticks)),
            ..*state
        };
        self.push(out, Step::Tick, later);
    }

    fn arrive(&self, state: &State, at: usize, flight: Flight, out: &mut Out) {
        let token = flight.token;
        let Some(Decided { reply, row, change }) = state.row.decide(self.rule, token, self.ticks) else {
            if self.promise != Promise::OneStormOneAnswer {
                out.push((Step::Refused(token), None));
            }
            return;
        };
        let answered = state.with(at, Some(Flight { answered: true, token: reply, ..flight }));
        let step = || Step::Arrive { token, row, reply };
        let Some(next) = change else {
            return self.push(out, step(), answered);
        };
        if self.lies_beyond(state, token, row) {
            return;
        }
        if self.promise == Promise::OneStormOneAnswer && !self.one_answer(next, token, reply, row) {
            return out.push((Step::TwoAnswersOfOneStorm(token), None));
        }
        let late_branches = match row {
            // A branch that shows up after it was lost was a late one, most likely.
            Row::Late | Row::Adopt if next.generation == state.row.generation => state.late_branches + 1,
            _ if next.generation == state.row.generation => state.late_branches,
            _ => 0,
        };
        for standby in state.standby.after_commit(state.row) {
            self.push(out, step(), State { row: next, late_branches, standby, ..answered });
        }
    }

    fn lies_beyond(&self, state: &State, token: Token, row: Row) -> bool {
        let split = self.promise == Promise::NeverRefusedUnlessSplit;
        let lost_branch = self.failover == Failover::LosesRotations && token.0 == state.row.generation;
        (split && row == Row::Rotate && state.holds_other_branch(token)) || (lost_branch && row == Row::Adopt)
    }

    /// Every contender within the grace window gets the same answer without a second write: the window of the late
    /// branch for late contenders, of the rotation for all others. A branch adopted after a failover is no such storm,
    /// since its generation may be settled and rotate at once.
    fn one_answer(&self, mut row: Snapshot, token: Token, reply: Token, by: Row) -> bool {
        let window_left = match by {
            Row::Adopt => return true,
            Row::Late => self.ticks.grace,
            _ => self.ticks.grace.saturating_sub(row.age),
        };
        (0..=window_left).all(|_| {
            let again = row.decide(self.rule, token, self.ticks);
            row = row.aged(self.ticks);
            again.is_some_and(|again| again.reply == reply && again.change.is_none())
        })
    }

    fn push(&self, out: &mut Out, step: Step, mut next: State) {
        if next.late_branches < self.late_branches {
            next.settle();
            out.push((step, Some(next)));
        }
    }
}

impl State {
    fn with(&self, at: usize, flight: Option<Flight>) -> Self {
        let mut next = *self;
        next.flights[at] = flight;
        next
    }

    /// One form for all states that differ only in numbering.
    fn settle(&mut self) {
        let by = HERE.wrapping_sub(self.row.generation).cast_signed();
        self.row = self.row.shifted(by);
        self.standby = self.standby.map(|row| row.shifted(by));
        self.jar = self.jar.shifted(by);
        for flight in self.flights.iter_mut().flatten() {
            flight.token = flight.token.shifted(by);
        }
        self.flights.sort_unstable_by_key(|flight| std::cmp::Reverse(*flight));
    }

    fn holds_other_branch(&self, token: Token) -> bool {
        let mut held = self.flights.iter().flatten().map(|flight| flight.token).chain([self.jar]);
        held.any(|other| other.0 == token.0 && other.1 != token.1)
    }
}
