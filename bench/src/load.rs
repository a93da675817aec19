//! A load generator: many connections, each sending its next request when the last one is answered.
//!
//! A closed loop measures throughput. Its latencies are those that a client sees which waits for its answers; they
//! do not stand for a fixed arrival rate (coordinated omission), so only [`fixed_rate`] speaks of queues.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, StatusCode,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, task::JoinSet};

/// One caller's side of a conversation: what to ask next, and whether the answer was right.
pub trait Caller: Send + 'static {
    /// The next request; its body has a length.
    fn request(&mut self) -> Request<Full<Bytes>>;
    /// Looks at the answer; false counts as an error.
    fn answered(&mut self, status: StatusCode, body: &[u8]) -> bool;
}

/// What a round of load came to.
#[derive(Debug, Default, Clone)]
pub struct Outcome {
    /// Right answers.
    pub right: u64,
    /// Wrong answers and broken connections.
    pub wrong: u64,
    /// How long it took.
    pub took: Duration,
    /// How long each answer took, sorted.
    pub latencies: Vec<Duration>,
}

impl Outcome {
    /// Right answers per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.right as f64 / self.took.as_secs_f64()
    }

    /// The latency that so many of a thousand answers stayed within.
    #[must_use]
    pub fn quantile(&self, permille: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last * permille / 1000).copied().unwrap_or_default()
    }

    fn merge(mut self, other: Self) -> Self {
        self.right += other.right;
        self.wrong += other.wrong;
        self.latencies.extend(other.latencies);
        self
    }
}

/// Opens one connection a caller.
pub async fn connect<C: Caller>(address: SocketAddr, callers: Vec<C>) -> Vec<(C, SendRequest<Full<Bytes>>)> {
    let mut connected = Vec::with_capacity(callers.len());
    for caller in callers {
        let stream = TcpStream::connect(address).await.expect("the service listens");
        stream.set_nodelay(true).expect("a TCP stream takes the option");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("an HTTP/1.1 handshake");
        tokio::spawn(connection);
        connected.push((caller, sender));
    }
    connected
}

/// Lets every caller ask as fast as it is answered for `span`, and hands the callers back for another round.
pub async fn closed_loop<C: Caller>(
    callers: Vec<(C, SendRequest<Full<Bytes>>)>,
    span: Duration,
) -> (Vec<(C, SendRequest<Full<Bytes>>)>, Outcome) {
    let start = now();
    let end = start + span;
    let mut tasks = JoinSet::new();
    for (mut caller, mut sender) in callers {
        tasks.spawn(async move {
            let mut outcome = Outcome::default();
            loop {
                let asked = now();
                if asked >= end {
                    break;
                }
                ask(&mut caller, &mut sender, asked, &mut outcome).await;
            }
            (caller, sender, outcome)
        });
    }
    let mut back = Vec::new();
    let mut all = Outcome::default();
    while let Some(done) = tasks.join_next().await {
        let (caller, sender, outcome) = done.expect("a caller does not panic");
        back.push((caller, sender));
        all = all.merge(outcome);
    }
    all.took = start.elapsed();
    all.latencies.sort_unstable();
    (back, all)
}

/// Sends `rate` requests a second for `span`, spread over the callers, whether or not earlier ones were answered.
///
/// A latency counts from the moment at which the request *should* have left, so that a stall shows in every request
/// that it delayed.
pub async fn fixed_rate<C: Caller>(
    callers: Vec<(C, SendRequest<Full<Bytes>>)>,
    rate: f64,
    span: Duration,
) -> Outcome {
    let start = now();
    let count = callers.len();
    let gap = Duration::from_secs_f64(count as f64 / rate);
    let all = Arc::new(tokio::sync::Mutex::new(Outcome::default()));
    let mut tasks = JoinSet::new();
    for (number, (mut caller, mut sender)) in callers.into_iter().enumerate() {
        let all = Arc::clone(&all);
        tasks.spawn(async move {
            let mut outcome = Outcome::default();
            let mut due = start + gap.mul_f64(number as f64 / count as f64);
            while due < start + span {
                tokio::time::sleep_until(due.into()).await;
                ask(&mut caller, &mut sender, due, &mut outcome).await;
                due += gap;
            }
            let mut all = all.lock().await;
            *all = std::mem::take(&mut *all).merge(outcome);
        });
    }
    while tasks.join_next().await.is_some() {}
    let mut outcome = std::mem::take(&mut *all.lock().await);
    outcome.took = start.elapsed();
    outcome.latencies.sort_unstable();
    outcome
}

async fn ask<C: Caller>(
    caller: &mut C,
    sender: &mut SendRequest<Full<Bytes>>,
    counted_from: Instant,
    outcome: &mut Outcome,
) {
    let answer = match sender.send_request(caller.request()).await {
        Ok(answer) => answer,
        Err(_) => {
            outcome.wrong += 1;
            return;
        }
    };
    let status = answer.status();
    let body = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    if caller.answered(status, &body) {
        outcome.right += 1;
    } else {
        outcome.wrong += 1;
    }
    outcome.latencies.push(counted_from.elapsed());
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}
