//! Single successor with branch proof: what a presented refresh token is answered.
//!
//! A session has one current *generation*. Its tokens are told apart by their *branch*: whoever rotates is handed
//! branch 1 of the next generation, and so is every contender of the same storm; whoever comes by another way is
//! handed a branch of its own. When two branches of one generation are both alive, the second that shows up proves
//! two holders. Inside the settling time nothing rotates, so that a burst of refreshes cannot outrun a slow one.
//!
//! The rule is a pure function of the session's row, the presented token and the time. Before it come the MAC, the
//! project, the end of the session and its expiry; they are the caller's.

use authmint_protocol::time::Timestamp;
use std::time::Duration;

#[cfg(test)]
mod proof;
#[cfg(test)]
mod tests;

/// What a session's row remembers of its rotations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationState {
    /// How many rotations there were, the fresh session counting as 1; only tokens of this generation rotate.
    pub generation: u32,
    /// How many branches of the current generation were handed out.
    pub branches_issued: u32,
    /// When the current generation began; it never goes back.
    pub rotated_at: Timestamp,
    /// Which branch of the parent generation was rotated into this one.
    pub parent_winner: ParentWinner,
    /// The branch that the losers of the last rotation share, once there is one.
    pub sibling_branch: Option<u32>,
    /// The branch last handed to the parent's winner after the grace window, once there is one.
    pub late: Option<LateBranch>,
}

/// Which branch of the parent generation may be traded for the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParentWinner {
    /// The branch that was rotated; 0, which no token carries, where there is no parent.
    Branch(u32),
    /// Every branch: the rotation was lost in a failover, and nobody knows who made it.
    Any,
}

/// A branch handed to a holder whose answer was lost, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateBranch {
    /// The branch's number.
    pub branch: u32,
    /// When it was handed out first.
    pub at: Timestamp,
}

/// The place of a token in its session's history: presented by a client, or answered to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Presented {
    /// The token's generation, the first being 1.
    pub generation: u32,
    /// The token's branch, the first being 1.
    pub branch: u32,
}

/// The two windows of the rule, set per project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// G: for how long after a rotation its contenders get the same answer.
    pub grace: Duration,
    /// M: for how long after a rotation nothing rotates again; zero switches that off.
    pub settle: Duration,
}

impl Default for Windows {
    /// Ten seconds of grace, and three times the slowest round trip to survive.
    fn default() -> Self {
        Self { grace: Duration::from_secs(10), settle: Duration::from_secs(180) }
    }
}

/// The row of the rule's table that an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// The token is ahead of the database, which lost commits: the row catches up with it.
    Adopt = 1,
    /// The generation, or the late branch, is younger than the settling time: the same token again.
    Young = 2,
    /// The current generation's token, settled: it rotates.
    Rotate = 3,
    /// A contender of the last rotation, within the grace window: the same answer.
    Grace = 4,
    /// Another branch of the parent, within the grace window: the one branch that all such share.
    Sibling = 5,
    /// The parent's winner after the grace window, its answer lost: a branch of its own.
    Late = 6,
    /// Two holders: the session ends.
    Theft = 7,
}

impl Row {
    /// The row's number in the table, 1 to 7.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// What a presented token is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The client goes on with `reply`.
    Reply {
        /// Which line of the table decided.
        row: Row,
        /// The token to answer with.
        reply: Presented,
        /// The row's next state; `None` if nothing is to be written.
        change: Option<RotationState>,
    },
    /// Two holders of one token: the session must be ended before this is answered.
    Theft,
}

impl Verdict {
    /// Which line of the table decided.
    #[must_use]
    pub const fn row(&self) -> Row {
        match self {
            Self::Reply { row, .. } => *row,
            Self::Theft => Row::Theft,
        }
    }
}

impl RotationState {
    /// A fresh session: generation 1, branch 1, without a parent.
    #[must_use]
    pub const fn first(now: Timestamp) -> Self {
        Self {
            generation: 1,
            branches_issued: 1,
            rotated_at: now,
            parent_winner: ParentWinner::Branch(0),
            sibling_branch: None,
            late: None,
        }
    }

    /// Decides what a genuine token of this session is answered.
    #[must_use]
    pub fn decide(&self, presented: Presented, now: Timestamp, windows: Windows) -> Verdict {
        if presented.generation == 0 || presented.branch == 0 {
            // Numbers start at 1; a zero is no token that was ever issued.
            return Verdict::Theft;
        }
        if presented.generation > self.generation {
            return self.adopt_generation(presented, now);
        }
        if presented.generation == self.generation {
            return self.decide_current(presented, now, windows);
        }
        if presented.generation == self.generation - 1 {
            return self.decide_parent(presented.branch, now, windows);
        }
        Verdict::Theft
    }

    /// The token's generation was committed and lost. It becomes the current one as it is: rotating here would leave
    /// another request with the same token two generations behind.
    fn adopt_generation(&self, presented: Presented, now: Timestamp) -> Verdict {
        let change = Self {
            generation: presented.generation,
            branches_issued: presented.branch,
            rotated_at: self.not_before_last_rotation(now),
            parent_winner: ParentWinner::Any,
            sibling_branch: None,
            late: None,
        };
        Verdict::Reply { row: Row::Adopt, reply: presented, change: Some(change) }
    }

    fn decide_current(&self, presented: Presented, now: Timestamp, windows: Windows) -> Verdict {
        if presented.branch > self.branches_issued {
            let change = Self { branches_issued: presented.branch, ..self.clone() };
            return Verdict::Reply { row: Row::Adopt, reply: presented, change: Some(change) };
        }
        if self.is_young(presented.branch, now, windows.settle) {
            return Verdict::Reply { row: Row::Young, reply: presented, change: None };
        }
        let change = Self {
            // Never wraps: at the end of the numbers, ages away, generations stop being told apart.
            generation: self.generation.saturating_add(1),
            branches_issued: 1,
            rotated_at: self.not_before_last_rotation(now),
            parent_winner: ParentWinner::Branch(presented.branch),
            sibling_branch: None,
            late: None,
        };
        let reply = Presented { generation: change.generation, branch: 1 };
        Verdict::Reply { row: Row::Rotate, reply, change: Some(change) }
    }

    /// Whether a branch of the current generation is answered with itself. A late branch makes only itself young: were
    /// the others young too, a thief could keep the session from rotating by trading the parent again and again.
    fn is_young(&self, branch: u32, now: Timestamp, settle: Duration) -> bool {
        !settle.is_zero()
            && (now.since(self.rotated_at) <= settle
                || self
                    .late
                    .is_some_and(|late| now.since(late.at) <= settle && branch == self.branches_issued))
    }

    fn decide_parent(&self, branch: u32, now: Timestamp, windows: Windows) -> Verdict {
        let in_grace = now.since(self.rotated_at) <= windows.grace;
        match (self.parent_winner, in_grace) {
            (ParentWinner::Any, true) => self.reply(Row::Grace, self.branches_issued, None),
            (ParentWinner::Branch(winner), true) if winner == branch => self.reply(Row::Grace, 1, None),
            (ParentWinner::Branch(_), true) => self.reply_sibling(),
            (ParentWinner::Any, false) => self.reply_late(now, windows.grace),
            (ParentWinner::Branch(winner), false) if winner == branch => self.reply_late(now, windows.grace),
            (ParentWinner::Branch(_), false) => Verdict::Theft,
        }
    }

    /// One branch for all losers of a rotation: a new one each would make two answers and two writes of one storm.
    fn reply_sibling(&self) -> Verdict {
        if let Some(branch) = self.sibling_branch {
            return self.reply(Row::Sibling, branch, None);
        }
        let branch = self.branches_issued.saturating_add(1);
        let change = Self { branches_issued: branch, sibling_branch: Some(branch), ..self.clone() };
        self.reply(Row::Sibling, branch, Some(change))
    }

    /// A late retry is a storm too: within the grace window of the first its contenders share the branch. How often
    /// there is a next one has no bound, since a bound signs honest users out and catches no thief sooner.
    fn reply_late(&self, now: Timestamp, grace: Duration) -> Verdict {
        if let Some(late) = self.late
            && now.since(late.at) <= grace
        {
            return self.reply(Row::Late, late.branch, None);
        }
        let branch = self.branches_issued.saturating_add(1);
        let late = Some(LateBranch { branch, at: now });
        let change = Self { branches_issued: branch, late, ..self.clone() };
        self.reply(Row::Late, branch, Some(change))
    }

    fn reply(&self, row: Row, branch: u32, change: Option<Self>) -> Verdict {
        Verdict::Reply { row, reply: Presented { generation: self.generation, branch }, change }
    }

    /// Replicas' clocks differ a little, and an age measured from a time that went back would open a window again.
    fn not_before_last_rotation(&self, now: Timestamp) -> Timestamp {
        now.max(self.rotated_at)
    }
}
