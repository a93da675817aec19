//! A breadth-first explorer of every interleaving, and the snapshot of a session's row that its models share.

use super::{LateBranch, ParentWinner, Presented, RotationState, Row, Verdict, Windows};
use authmint_protocol::time::Timestamp;
use std::{
    collections::HashMap,
    fmt::Debug,
    hash::{BuildHasherDefault, Hash, Hasher},
    time::Duration,
};

/// A rule under test: the real one, or a draft of it.
pub(super) type Rule = fn(&RotationState, Presented, Timestamp, Windows) -> Verdict;

/// A system of which every reachable state is visited.
pub(super) trait Model {
    type State: Copy + Eq + Hash;
    type Step: Debug;
    fn start(&self) -> Self::State;
    /// Everything that may happen next. No next state means that a promise was broken.
    fn steps(&self, state: &Self::State, out: &mut Vec<(Self::Step, Option<Self::State>)>);
}

#[derive(Debug)]
pub(super) struct Explored {
    pub(super) states: usize,
    pub(super) transitions: usize,
    /// The shortest way to a broken promise; ticks in a row are written as one number.
    pub(super) counterexample: Option<Vec<String>>,
}

/// The bounds keep every model well below; a rule under which one does not end must fail, not fill the memory.
const MOST_STATES: usize = 4_000_000;

/// Visits everything, or everything up to the first broken promise.
pub(super) fn explore<M: Model>(model: &M) -> Explored {
    let start = model.start();
    let mut parents: HashMap<M::State, M::State, BuildHasherDefault<Mix>> = HashMap::default();
    parents.insert(start, start);
    let (mut level, mut next_level, mut steps) = (vec![start], Vec::new(), Vec::new());
    let mut transitions = 0;
    while !level.is_empty() {
        for state in level.drain(..) {
            steps.clear();
            model.steps(&state, &mut steps);
            transitions += steps.len();
            for (_, next) in &steps {
                let Some(next) = *next else {
                    let counterexample = Some(trace(model, &parents, state));
                    return Explored { states: parents.len(), transitions, counterexample };
                };
                parents.entry(next).or_insert_with(|| {
                    next_level.push(next);
                    state
                });
            }
        }
        assert!(
            parents.len() < MOST_STATES,
            "the models' bounds are small, and so must be what can be reached"
        );
        std::mem::swap(&mut level, &mut next_level);
    }
    Explored { states: parents.len(), transitions, counterexample: None }
}

/// The steps from the start to `last` and on to the broken promise, found again from each state's parent.
fn trace<M: Model, S: std::hash::BuildHasher>(
    model: &M,
    parents: &HashMap<M::State, M::State, S>,
    last: M::State,
) -> Vec<String> {
    let step_to = |from: &M::State, to: Option<M::State>| {
        let mut steps = Vec::new();
        model.steps(from, &mut steps);
        let step = steps.into_iter().find(|(_, next)| *next == to).expect("the step was taken");
        format!("{:?}", step.0)
    };
    let mut lines = vec![step_to(&last, None)];
    let mut state = last;
    while parents[&state] != state {
        let parent = parents[&state];
        lines.push(step_to(&parent, Some(state)));
        state = parent;
    }
    lines.reverse();
    let ticks = lines.chunk_by(|one, other| one == "Tick" && other == "Tick");
    ticks.map(|run| if run[0] == "Tick" { format!("+{}", run.len()) } else { run[0].clone() }).collect()
}

/// A multiplicative hash: millions of small states need no protection against chosen keys.
#[derive(Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value.unsigned_abs() as u64);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

/// The windows of a model in ticks, and the age beyond which all ages are alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    pub(super) grace: u8,
    pub(super) settle: u8,
}

impl Ticks {
    pub(super) fn windows(self) -> Windows {
        Windows {
            grace: Duration::from_secs(self.grace.into()),
            settle: Duration::from_secs(self.settle.into()),
        }
    }

    /// One tick more; ages beyond both windows are one.
    pub(super) fn older(self, age: u8) -> u8 {
        self.oldest().min(age + 1)
    }

    pub(super) fn oldest(self) -> u8 {
        self.grace.max(self.settle) + 1
    }
}

/// A token as the models number it: the row's generation is always [`HERE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Token(pub(super) u8, pub(super) u8);

/// Where generations are kept by shifting them, so that a session's whole life is a finite graph.
pub(super) const HERE: u8 = 6;
const ANY: u8 = u8::MAX;
const NOW: Timestamp = Timestamp::from_unix_seconds(1_000);

impl Token {
    pub(super) fn presented(self) -> Presented {
        Presented { generation: self.0.into(), branch: self.1.into() }
    }

    pub(super) fn shifted(self, by: i8) -> Self {
        Self(self.0.saturating_add_signed(by), self.1)
    }
}

/// A session's row in a few bytes, with ages in place of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Snapshot {
    pub(super) generation: u8,
    pub(super) branches: u8,
    winner: u8,
    sibling: u8,
    pub(super) age: u8,
    late: u8,
    late_age: u8,
}

/// What a presented token came to.
pub(super) struct Decided {
    pub(super) reply: Token,
    pub(super) row: Row,
    pub(super) change: Option<Snapshot>,
}

impl Snapshot {
    pub(super) fn first() -> Self {
        Self { generation: HERE, branches: 1, winner: 1, sibling: 0, age: 0, late: 0, late_age: 0 }
    }

    /// `None` is theft.
    pub(super) fn decide(self, rule: Rule, token: Token, ticks: Ticks) -> Option<Decided> {
        match rule(&self.unpack(), token.presented(), NOW, ticks.windows()) {
            Verdict::Theft => None,
            Verdict::Reply { row, reply, change } => Some(Decided {
                reply: Token(small(reply.generation), small(reply.branch)),
                row,
                change: change.as_ref().map(Self::pack),
            }),
        }
    }

    pub(super) fn aged(self, ticks: Ticks) -> Self {
        let late_age = if self.late == 0 { 0 } else { ticks.older(self.late_age) };
        Self { age: ticks.older(self.age), late_age, ..self }
    }

    pub(super) fn shifted(self, by: i8) -> Self {
        Self { generation: self.generation.saturating_add_signed(by), ..self }
    }

    fn unpack(self) -> RotationState {
        let ago = |age: u8| NOW.before(Duration::from_secs(age.into()));
        RotationState {
            generation: self.generation.into(),
            branches_issued: self.branches.into(),
            rotated_at: ago(self.age),
            parent_winner: if self.winner == ANY {
                ParentWinner::Any
            } else {
                ParentWinner::Branch(self.winner.into())
            },
            sibling_branch: (self.sibling > 0).then(|| self.sibling.into()),
            late: (self.late > 0).then(|| LateBranch { branch: self.late.into(), at: ago(self.late_age) }),
        }
    }

    fn pack(state: &RotationState) -> Self {
        let age = |at: Timestamp| small(u32::try_from(NOW.since(at).as_secs()).unwrap());
        Self {
            generation: small(state.generation),
            branches: small(state.branches_issued),
            winner: match state.parent_winner {
                ParentWinner::Any => ANY,
                ParentWinner::Branch(branch) => small(branch),
            },
            sibling: state.sibling_branch.map_or(0, small),
            age: age(state.rotated_at),
            late: state.late.map_or(0, |late| small(late.branch)),
            late_age: state.late.map_or(0, |late| age(late.at)),
        }
    }
}

fn small(number: u32) -> u8 {
    u8::try_from(number).expect("the models' bounds are small")
}

/// How far the database's standby is behind, so that a failover loses one or two commits, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Standby {
    /// It keeps up, and may yet fall behind.
    InStep,
    /// It still has this row; so many commits would be lost.
    Behind(Snapshot, u8),
    /// The one failover is over, or there is none.
    Over,
}

impl Standby {
    pub(super) fn map(self, f: impl FnOnce(Snapshot) -> Snapshot) -> Self {
        match self {
            Self::Behind(row, commits) => Self::Behind(f(row), commits),
            other => other,
        }
    }

    /// Where the standby may be after the primary commits over `old`.
    pub(super) fn after_commit(self, old: Snapshot) -> impl Iterator<Item = Self> {
        let (keeps_up, falls_behind) = match self {
            Self::InStep => (Some(Self::InStep), Some(Self::Behind(old, 1))),
            Self::Behind(row, 1) => (None, Some(Self::Behind(row, 2))),
            Self::Behind(..) => (None, None),
            Self::Over => (Some(Self::Over), None),
        };
        keeps_up.into_iter().chain(falls_behind)
    }
}
