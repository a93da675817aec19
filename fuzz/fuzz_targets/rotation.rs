//! The rotation rule against a second reading of its table: whatever is presented, in whatever order, at whatever time.
//!
//! The model below is written from the table in words and shares no line with the code that serves; both are driven by
//! the same steps, lost commits and clocks that go back among them, and must agree on every answer and every row.

#![no_main]

use arbitrary::Arbitrary;
use authmint_domain::model::{
    policy::Policy,
    rotation::{ParentWinner, Presented, RotationState},
    session::{Device, RefreshRefused, Session, SessionChange, SignIn},
    user::User,
};
use authmint_protocol::{
    id::{ProjectId, SessionId, UserId},
    time::Timestamp,
};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

const START: i64 = 1_800_000_000_000;

#[derive(Arbitrary, Debug)]
struct Input {
    grace: u8,
    settle: u16,
    idle: u16,
    absolute: u16,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    /// Time passes.
    Seconds(u16),
    /// A little of it, to meet the edges of the windows.
    Millis(u16),
    /// Exactly a window.
    Window(bool),
    /// A replica whose clock is behind answers next.
    Back(u16),
    /// A token that was handed out is presented.
    Known(u8),
    /// The newest one is.
    Newest,
    /// A genuine token that no one should hold.
    Any(u32, u32),
    /// The database fails over, and the last commits are lost.
    Lose(u8),
    /// The user signs out.
    SignOut,
}

/// A session's row as the table names its columns.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    generation: u64,
    branches_issued: u64,
    rotated_at: i64,
    /// 0 where there is no parent; none stands for "any".
    parent_winner: Option<u64>,
    sibling_branch: Option<u64>,
    late_branch: Option<(u64, i64)>,
    idle_expires_at: i64,
    absolute_expires_at: i64,
    ended: bool,
}

#[derive(Debug, PartialEq)]
enum Reply {
    /// Row of the table, generation, branch, and whether anything is written.
    Token(u8, u64, u64, bool),
    Expired,
    Revoked,
    Theft,
}

/// The numbers end somewhere; what would pass their end stays there.
const END: u64 = u32::MAX as u64;

impl Row {
    fn answer(&mut self, g: u64, b: u64, now: i64, grace: i64, settle: i64, idle: i64) -> Reply {
        if self.ended {
            return Reply::Revoked;
        }
        if now >= self.idle_expires_at || now >= self.absolute_expires_at {
            return Reply::Expired;
        }
        let n = self.generation;
        let age = |since: i64| (now - since).max(0);
        let numbered = g >= 1 && b >= 1;
        // Row 1.
        if numbered && (g > n || (g == n && b > self.branches_issued)) {
            self.branches_issued = b;
            if g > n {
                self.generation = g;
                self.parent_winner = None;
                self.rotated_at = now.max(self.rotated_at);
                self.sibling_branch = None;
                self.late_branch = None;
            }
            return Reply::Token(1, g, b, true);
        }
        // Rows 2 and 3.
        if numbered && g == n {
            let late_is_young =
                self.late_branch.is_some_and(|(_, at)| age(at) <= settle) && b == self.branches_issued;
            if settle > 0 && (age(self.rotated_at) <= settle || late_is_young) {
                return Reply::Token(2, g, b, false);
            }
            *self = Self {
                generation: (n + 1).min(END),
                branches_issued: 1,
                rotated_at: now.max(self.rotated_at),
                parent_winner: Some(b),
                sibling_branch: None,
                late_branch: None,
                idle_expires_at: (now + idle).min(self.absolute_expires_at),
                ..self.clone()
            };
            return Reply::Token(3, self.generation, 1, true);
        }
        // Rows 4 to 6.
        if numbered && g + 1 == n {
            let won = self.parent_winner.is_none_or(|winner| winner == b);
            match (age(self.rotated_at) <= grace, won) {
                (true, true) => {
                    let branch = if self.parent_winner.is_none() { self.branches_issued } else { 1 };
                    return Reply::Token(4, n, branch, false);
                }
                (true, false) => {
                    let known = self.sibling_branch;
                    let branch = known.unwrap_or((self.branches_issued + 1).min(END));
                    if known.is_none() {
                        self.branches_issued = branch;
                        self.sibling_branch = Some(branch);
                    }
                    return Reply::Token(5, n, branch, known.is_none());
                }
                (false, true) => {
                    if let Some((branch, _)) = self.late_branch.filter(|(_, at)| age(*at) <= grace) {
                        return Reply::Token(6, n, branch, false);
                    }
                    self.branches_issued = (self.branches_issued + 1).min(END);
                    self.late_branch = Some((self.branches_issued, now));
                    return Reply::Token(6, n, self.branches_issued, true);
                }
                (false, false) => {}
            }
        }
        // Row 7.
        self.ended = true;
        Reply::Theft
    }
}

/// The served row in the model's columns.
fn columns(session: &Session) -> Row {
    let RotationState { generation, branches_issued, rotated_at, parent_winner, sibling_branch, late } =
        session.rotation.clone();
    Row {
        generation: generation.into(),
        branches_issued: branches_issued.into(),
        rotated_at: rotated_at.unix_millis(),
        parent_winner: match parent_winner {
            ParentWinner::Branch(branch) => Some(branch.into()),
            ParentWinner::Any => None,
        },
        sibling_branch: sibling_branch.map(u64::from),
        late_branch: late.map(|late| (late.branch.into(), late.at.unix_millis())),
        idle_expires_at: session.idle_expires_at.unix_millis(),
        absolute_expires_at: session.absolute_expires_at.unix_millis(),
        ended: session.ended.is_some(),
    }
}

fn opened(policy: &Policy) -> Session {
    let now = Timestamp::from_unix_millis(START);
    let user = User {
        id: UserId::from_bytes([1; 16]),
        project_id: ProjectId::from_bytes([2; 16]),
        email: None,
        created_at: now,
        disabled_at: None,
        sessions_ended_at: None,
    };
    let sign_in = SignIn { method: "email".into(), amr: "otp".into(), at: now };
    Session::open(SessionId::from_bytes([3; 16]), user, sign_in, (Device::default(), None), policy, now)
}

/// Commits what was decided, as a store does.
fn commit(session: &mut Session, change: SessionChange) -> bool {
    match change {
        SessionChange::None => false,
        SessionChange::Rotated { rotation, idle_expires_at } => {
            session.rotation = rotation;
            session.idle_expires_at = idle_expires_at;
            true
        }
        SessionChange::End(ended, event) => {
            assert_eq!(event.session_id, Some(session.id), "an end is audited");
            session.ended = Some(ended);
            true
        }
    }
}

fn millis(span: Duration) -> i64 {
    span.as_millis().try_into().expect("a short span")
}

fn present(
    session: &mut Session,
    policy: &Policy,
    presented: Presented,
    now: i64,
) -> (Reply, Option<Presented>) {
    let decision = session.refresh(presented, policy, Timestamp::from_unix_millis(now));
    let theft = matches!(decision.change, SessionChange::End(..));
    let wrote = commit(session, decision.change);
    match decision.answer {
        Ok(reply) => {
            assert_eq!(&reply.session, &*session, "the answer is made from the row that is committed");
            let Presented { generation, branch } = reply.token;
            (Reply::Token(reply.row.number(), generation.into(), branch.into(), wrote), Some(reply.token))
        }
        Err(RefreshRefused::Theft) if theft => (Reply::Theft, None),
        Err(refused) => {
            assert!(!wrote, "a refusal writes nothing");
            (if refused == RefreshRefused::Expired { Reply::Expired } else { Reply::Revoked }, None)
        }
    }
}

fuzz_target!(|input: Input| {
    let policy = Policy {
        grace: Duration::from_secs(u64::from(input.grace % 61)),
        settle: Duration::from_secs(u64::from(input.settle % 3601)),
        idle: Duration::from_secs(u64::from(input.idle) + 1),
        absolute: Duration::from_secs(u64::from(input.absolute) * 4 + 1),
        ..Policy::default()
    };
    let (grace, settle, idle) = (millis(policy.grace), millis(policy.settle), millis(policy.idle));
    let mut session = opened(&policy);
    let mut row = columns(&session);
    let mut kept = vec![Presented { generation: 1, branch: 1 }];
    let mut commits = vec![session.clone()];
    let mut now = START;
    for step in &input.steps {
        let presented = match *step {
            Step::Seconds(span) => {
                now += i64::from(span) * 1000;
                continue;
            }
            Step::Millis(span) => {
                now += i64::from(span % 2048);
                continue;
            }
            Step::Window(which) => {
                now += if which { grace } else { settle };
                continue;
            }
            Step::Back(span) => {
                now = (now - i64::from(span)).max(START);
                continue;
            }
            Step::Lose(count) => {
                let lost = usize::from(count % 3).min(commits.len() - 1);
                commits.truncate(commits.len() - lost);
                session = commits.last().expect("the first one stays").clone();
                row = columns(&session);
                continue;
            }
            Step::SignOut => {
                let decision = session.sign_out(Timestamp::from_unix_millis(now));
                let alive = !row.ended && now < row.idle_expires_at && now < row.absolute_expires_at;
                assert_eq!(commit(&mut session, decision.change), alive, "what is over stays as it ended");
                row.ended |= alive;
                commits.push(session.clone());
                continue;
            }
            Step::Known(index) => kept[usize::from(index) % kept.len()],
            Step::Newest => *kept.last().expect("the first one stays"),
            Step::Any(generation, branch) => Presented { generation, branch },
        };
        let before = row.clone();
        let expected =
            row.answer(presented.generation.into(), presented.branch.into(), now, grace, settle, idle);
        let (reply, token) = present(&mut session, &policy, presented, now);
        assert_eq!(reply, expected, "{presented:?} at {now} of {before:?}");
        assert_eq!(columns(&session), row, "{presented:?} at {now} of {before:?}");
        commits.push(session.clone());
        must_always_hold(&before, &row, &reply);
        if let Some(token) = token {
            kept.push(token);
            // A storm: the same token again in the same moment is the same answer, and no second write. Not so where
            // commits were lost, nor at the end of all numbers.
            let (again, _) = present(&mut session, &policy, presented, now);
            match reply {
                Reply::Token(row, g, b, _) if row != 1 && g < END => {
                    assert!(
                        matches!(again, Reply::Token(_, g1, b1, false) if (g1, b1) == (g, b)),
                        "{again:?} after {reply:?}"
                    );
                }
                _ => {}
            }
            session = commits.last().expect("just pushed").clone();
        }
    }
});

fn must_always_hold(before: &Row, after: &Row, reply: &Reply) {
    assert!(after.rotated_at >= before.rotated_at, "the start of a generation never goes back");
    assert!(after.generation >= before.generation);
    assert_eq!(after.absolute_expires_at, before.absolute_expires_at, "nothing extends the absolute end");
    assert!(!before.ended || (after.ended && *reply == Reply::Revoked), "ended is final");
    if !matches!(reply, Reply::Token(3, ..)) {
        assert_eq!(after.idle_expires_at, before.idle_expires_at, "only a rotation extends the idle end");
    }
}
