//! A conversation's steps, and the calls that it waits for.

use crate::{
    convert::{json, key_of, millis, reply, time},
    value::{NodeError, NodeOutcome},
};
use authmint::{
    Guard,
    error::TransportError,
    guard::{Answer, AwaitsAnswer, Call, Progress, Step, TryFailed},
};
use authmint_protocol::{time::Timestamp, token::native};
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use std::sync::Arc;

/// What a conversation does next: it is over, or it needs the answer to a call.
#[napi(object, object_from_js = false)]
pub struct NodeStep {
    /// How it ended.
    pub outcome: Option<NodeOutcome>,
    /// What is to be sent.
    pub call: Option<NodeCall>,
    /// Who waits for the answer.
    pub waiting: Option<NodeWaiting>,
}

/// Answers signature checks until the conversation ends or needs the network: microseconds each, less than a promise.
pub(crate) fn settle(guard: &Guard, mut step: Step, now: Timestamp) -> Step {
    while let Step::Check(waiting) = step {
        let holds = native::check(waiting.check());
        step = waiting.receive(guard, holds, now);
    }
    step
}

impl NodeStep {
    pub(crate) fn of(guard: &Arc<Guard>, step: Step, now: Timestamp) -> Self {
        match settle(guard, step, now) {
            Step::Done(outcome) => Self { outcome: Some((&outcome).into()), call: None, waiting: None },
            Step::Send(call, waiting) => {
                let guard = Arc::clone(guard);
                let call = NodeCall { guard: Arc::clone(&guard), call: Some(call) };
                let waiting = NodeWaiting { guard, waiting: Some(waiting) };
                Self { outcome: None, call: Some(call), waiting: Some(waiting) }
            }
            Step::Check(_) => unreachable!("checks were settled"),
        }
    }
}

/// A conversation that waits for an answer.
#[napi(js_name = "Waiting")]
pub struct NodeWaiting {
    guard: Arc<Guard>,
    waiting: Option<AwaitsAnswer>,
}

#[napi]
impl NodeWaiting {
    /// Goes on with the answer; nothing if it went on before.
    #[napi(catch_unwind)]
    pub fn receive(&mut self, answer: &NodeAnswer, now: f64) -> Option<NodeStep> {
        let waiting = self.waiting.take()?;
        let step = waiting.receive(&self.guard, answer.answer.clone(), time(now));
        Some(NodeStep::of(&self.guard, step, time(now)))
    }
}

/// A call to the service.
#[napi(js_name = "Call")]
pub struct NodeCall {
    pub(crate) guard: Arc<Guard>,
    pub(crate) call: Option<Call>,
}

#[napi]
impl NodeCall {
    /// What makes another call the same as this one; nothing if it is never shared.
    #[napi(getter, catch_unwind)]
    pub fn key(&self) -> Option<String> {
        key_of(self.call.as_ref()?)
    }

    /// Whether no request waits for it.
    #[napi(getter, catch_unwind)]
    pub fn background(&self) -> bool {
        self.call.as_ref().is_some_and(Call::is_background)
    }

    /// How long to wait before sending, in milliseconds.
    #[napi(getter, catch_unwind)]
    pub fn pause(&self) -> f64 {
        self.call.as_ref().map_or(0.0, |call| millis(call.pause()))
    }

    /// How long a try that is sent now may take, in milliseconds.
    #[napi(catch_unwind)]
    pub fn limit(&self, now: f64) -> f64 {
        self.call.as_ref().map_or(0.0, |call| millis(call.limit(&self.guard, time(now))))
    }

    /// The answer, if the same call was settled since this one was made.
    #[napi(catch_unwind)]
    pub fn known(&self, now: f64) -> Option<NodeAnswer> {
        self.call.as_ref()?.known(&self.guard, time(now)).map(|answer| NodeAnswer { answer })
    }

    /// The request to send; nothing once the call is over.
    #[napi(catch_unwind)]
    pub fn request(&self) -> Option<NodeRequest> {
        let request = self.call.as_ref()?.request(&self.guard);
        let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = request.headers().iter().flat_map(|(name, value)| [name.to_string(), text(value)]);
        Some(NodeRequest {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            headers: headers.collect(),
            body: (!request.body().is_empty()).then(|| String::from_utf8_lossy(request.body()).into_owned()),
        })
    }

    /// Takes a reply; the answer, or nothing if another try is to be made.
    #[napi(catch_unwind)]
    pub fn receive(
        &mut self,
        status: u16,
        cache_control: Option<String>,
        retry_after: Option<String>,
        body: Uint8Array,
        now: f64,
    ) -> Option<NodeAnswer> {
        let reply = reply(status, cache_control.as_deref(), retry_after.as_deref(), &body);
        self.take(Ok(reply), now)
    }

    /// Takes the failure of a try; the answer, or nothing if another try is to be made.
    #[napi(catch_unwind)]
    pub fn failed(&mut self, timed_out: bool, text: String, now: f64) -> Option<NodeAnswer> {
        let failure =
            if timed_out { TryFailed::TimedOut } else { TryFailed::Transport(TransportError::new(text)) };
        self.take(Err(failure), now)
    }
}

impl NodeCall {
    fn take(
        &mut self,
        result: Result<http::Response<bytes::Bytes>, TryFailed>,
        now: f64,
    ) -> Option<NodeAnswer> {
        match self.call.take()?.receive(&self.guard, result, time(now)) {
            Progress::Settled(answer) => Some(NodeAnswer { answer }),
            Progress::Again(call) => {
                self.call = Some(call);
                None
            }
        }
    }
}

/// A request to the service.
#[napi(object, object_from_js = false)]
pub struct NodeRequest {
    /// Its method.
    pub method: String,
    /// Its address.
    pub url: String,
    /// Names and values by turns.
    pub headers: Vec<String>,
    /// Its body.
    pub body: Option<String>,
}

/// How a call ended; everyone who waited gets the same.
#[napi(js_name = "Answer")]
pub struct NodeAnswer {
    answer: Answer,
}

#[napi]
impl NodeAnswer {
    /// Why the service gave no usable answer, if it did not.
    #[napi(getter, catch_unwind)]
    pub fn error(&self) -> Option<NodeError> {
        match &self.answer {
            Answer::Failed(error) => Some(error.into()),
            _ => None,
        }
    }

    /// The user's profile as JSON, if that was asked for.
    #[napi(getter, catch_unwind)]
    pub fn user(&self) -> Option<String> {
        match &self.answer {
            Answer::User(user) => Some(json(&**user)),
            _ => None,
        }
    }
}

/// A sign-out.
#[napi(object, object_from_js = false)]
pub struct NodeSignOut {
    /// `Set-Cookie` values that remove the cookies.
    pub values: Vec<String>,
    /// What ends the sessions at the service.
    pub calls: Vec<NodeCall>,
}

/// The call for a user, or why there is none.
#[napi(object, object_from_js = false)]
pub struct UserCall {
    /// The call.
    pub call: Option<NodeCall>,
    /// Why there is none.
    pub error: Option<NodeError>,
}
