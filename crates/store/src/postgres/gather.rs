//! Decisions over sessions, gathered: what waits while a group commits is the next group.
//!
//! Three groups may be under way: while one waits for the disk, another is decided and a third gathers. They may be about one
//! session; the row's lock lets one after the other.
//!
//! A group is one transaction of three round trips, however many sessions it is about: begin and lock, write, commit. Decisions
//! over one session see each other's outcome in order, so a storm of refreshes of one token is one write.

use super::{
    database::Database,
    session::Sessions,
    transaction::{Attempts, Tx},
};
use crate::error::{Fault, unavailable};
use authmint_domain::{
    model::session::{Decision, Session},
    port::{Decide, StoreError},
};
use authmint_protocol::id::SessionId;
use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Decisions in one transaction: enough to share its round trips, few enough that the first does not wait for the last.
const GROUP: usize = 512;
/// Groups under way at one time.
const AT_ONCE: usize = 3;
/// From this many in a group on there is a crowd, and a moment is waited for it to gather again.
const CROWD: usize = 8;
/// For how long: less than a commit takes.
const LINGER: Duration = Duration::from_millis(1);
/// Decisions that may wait: beyond it a caller is better told to come back than left to time out.
const MOST_WAITING: usize = 16_384;

/// Beside an answer: the number of the feed's last entry that was committed with it.
type Answer<A> = Result<(A, Option<u64>), StoreError>;

/// A decision without its type.
trait Job: Send {
    fn id(&self) -> &SessionId;
    /// Decides, and keeps the answer.
    fn decide(&mut self, sessions: &mut Sessions);
    /// Answers the caller, if it still listens; `undone` says why nothing was committed.
    fn answer(self: Box<Self>, committed: &Result<Option<u64>, StoreError>);
}

struct Call<A, D> {
    id: SessionId,
    decide: D,
    outcome: Option<Result<A, StoreError>>,
    caller: oneshot::Sender<Answer<A>>,
}

impl<A: Send, D: Decide<Session, Decision<A>>> Job for Call<A, D> {
    fn id(&self) -> &SessionId {
        &self.id
    }

    fn decide(&mut self, sessions: &mut Sessions) {
        let decide = &self.decide;
        let decided = sessions.decide(self.id, |session| {
            // A panic is this caller's alone: the group goes on.
            let decided = catch_unwind(AssertUnwindSafe(|| decide(session))).ok();
            let panicked = || unavailable("a decision panicked; nothing was changed");
            decided.map(|Decision { change, answer }| (change, answer)).ok_or_else(panicked)
        });
        self.outcome = Some(decided);
    }

    fn answer(self: Box<Self>, committed: &Result<Option<u64>, StoreError>) {
        let outcome = match (self.outcome, committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(undone)) => Err(undone.clone()),
            (Some(Ok(answer)), Ok(entry)) => Ok((answer, *entry)),
            (None, Ok(_)) => Err(unavailable("the work was not run")),
        };
        let _gone = self.caller.send(outcome);
    }
}

/// Where decisions are handed in.
pub(super) struct Gather(mpsc::Sender<Box<dyn Job>>);

impl Gather {
    pub(super) fn start(database: Arc<Database>) -> Self {
        let (sender, waiting) = mpsc::channel(MOST_WAITING);
        tokio::spawn(commit_all(database, waiting));
        Self(sender)
    }

    /// Decides over a session and answers when it is durable.
    pub(super) async fn decide<A: Send + 'static>(
        &self,
        id: SessionId,
        decide: impl Decide<Session, Decision<A>>,
    ) -> Answer<A> {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Call { id, decide, outcome: None, caller });
        self.0.try_send(job).map_err(|_| unavailable("too many writes are waiting"))?;
        answer.await.unwrap_or_else(|_| Err(unavailable("the store is closed")))
    }
}

/// Commits what is handed in, group after group, until nobody can hand in any more.
async fn commit_all(database: Arc<Database>, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut last = 0;
    loop {
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
        let mut group = Vec::new();
        if waiting.recv_many(&mut group, GROUP).await == 0 {
            return;
        }
        let wanted = last;
        if last >= CROWD && group.len() < wanted {
            // Those who were just answered are about to ask again: one commit serves them, too.
            let gathered =
                async { while group.len() < wanted && waiting.recv_many(&mut group, GROUP).await > 0 {} };
            let _late = tokio::time::timeout(LINGER, gathered).await;
        }
        last = group.len();
        let database = Arc::clone(&database);
        tokio::spawn(async move {
            commit(&database, group).await;
            drop(turn);
        });
    }
}

/// Commits a group; if one of it cannot be written, each alone, so that it fails alone.
async fn commit(database: &Database, mut group: Vec<Box<dyn Job>>) {
    let committed = commit_together(database, &mut group).await;
    let refused = matches!(&committed, Ok(Err(_)));
    if refused && group.len() > 1 {
        for job in group {
            let mut alone = vec![job];
            let committed = commit_together(database, &mut alone).await;
            answer(database, alone, committed);
        }
    } else {
        answer(database, group, committed);
    }
}

fn answer(
    database: &Database,
    group: Vec<Box<dyn Job>>,
    committed: Result<Result<Option<u64>, StoreError>, StoreError>,
) {
    let committed = committed.and_then(|committed| committed);
    match &committed {
        Ok(_) => database.counters.committed(group.len()),
        Err(reason) => tracing::warn!(decisions = group.len(), %reason, "nothing was committed"),
    }
    for job in group {
        job.answer(&committed);
    }
}

/// The outer error: the database was away for as long as there was patience.
async fn commit_together(
    database: &Database,
    group: &mut [Box<dyn Job>],
) -> Result<Result<Option<u64>, StoreError>, StoreError> {
    let ids = group.iter().map(|job| *job.id()).collect();
    let work = async {
        let mut attempts = Attempts::default();
        loop {
            let outcome = match Tx::begin_locking(database, &ids).await {
                Ok((tx, found)) => {
                    let outcome = decide_all(&tx, Sessions::of(found), group).await;
                    tx.end(outcome).await
                }
                Err(undone) => Err(undone),
            };
            if let ControlFlow::Break(answer) = attempts.after(database, outcome).await {
                break answer;
            }
        }
    };
    database.patiently(work).await
}

async fn decide_all(
    tx: &Tx<'_>,
    mut sessions: Sessions,
    group: &mut [Box<dyn Job>],
) -> Result<Option<u64>, Fault> {
    for job in group {
        job.decide(&mut sessions);
    }
    sessions.write(tx).await
}
