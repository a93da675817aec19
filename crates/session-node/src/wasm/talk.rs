//! Answers the host's questions: conversions, and the numbers under which unfinished things wait.

use super::{
    ed25519,
    message::{Latin1, Question},
    shelf::Shelf,
};
use crate::{
    convert::{self, Fault, Material, Options, head, key_of, millis, reply, time},
    value::{Cookies, NodeError, NodeOutcome, values},
};
use authmint::{
    Guard,
    error::TransportError,
    guard::{Answer, AwaitsAnswer, AwaitsSignature, Call, Progress, Step, TryFailed},
};
use authmint_protocol::{
    ErrorCode,
    secret::{OneTimeSecret, RefreshToken, SessionJwt},
    time::Timestamp,
    token::{Expected, PendingJwt, SignatureCheck, verify},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use http::Response;
use serde_json::Value;
use std::rc::Rc;

/// So many conversations may wait at a time; the service's answers are kept for the moment between two questions.
const ROOM: usize = 4096;

/// All that is not over.
pub(super) struct Talk {
    guards: Shelf<Rc<Guard>>,
    calls: Shelf<(Rc<Guard>, Call)>,
    waiting: Shelf<(Rc<Guard>, Waiting)>,
    answers: Shelf<Answer>,
    verifying: Shelf<(PendingJwt, Expected)>,
}

enum Waiting {
    Answer(AwaitsAnswer),
    Signature(AwaitsSignature),
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            guards: Shelf::with_room(usize::MAX),
            calls: Shelf::with_room(ROOM),
            waiting: Shelf::with_room(ROOM),
            answers: Shelf::with_room(ROOM),
            verifying: Shelf::with_room(ROOM),
        }
    }
}

impl Talk {
    /// The reply to a question, both in JSON.
    pub(super) fn answer(&mut self, question: &[u8]) -> Vec<u8> {
        let reply = match serde_json::from_slice(question) {
            Ok(question) => self.reply(question),
            // Our own TypeScript wrote it: the two halves are of different builds.
            Err(error) => Some(object(&mut [("fault", error.to_string().into())])),
        };
        convert::json(&reply).into_bytes()
    }

    /// Null says that there is nothing to say, or nothing under that number any more.
    fn reply(&mut self, question: Question) -> Option<Value> {
        match question.op.as_str() {
            "makeGuard" => Some(self.make_guard(&question.text, &question.bytes)),
            "dropGuard" => self.guards.take(question.guard).and(None),
            "checkApiKey" => {
                let fault = convert::check_key(&question.text, question.usage.as_deref()).err()?;
                Some(value(&NodeError::from(fault)))
            }
            "errorCodes" => Some(ErrorCode::ALL.iter().map(|code| code.as_str()).collect()),
            "verifyJwt" | "verifyWith" | "verified" => self.verify(question),
            "limit" | "known" | "request" | "receive" | "failed" => self.ask_call(question),
            "answered" | "checked" => self.go_on(&question),
            "recognise" | "storeUnverified" | "signOut" | "signOutWith" | "callUser" | "follow"
            | "upkeep" | "beginSignIn" | "returnTo" => self.ask_guard(question),
            _ => self.begin(question),
        }
    }

    /// Begins a conversation.
    fn begin(&mut self, question: Question) -> Option<Value> {
        let guard = Rc::clone(self.guards.get(question.guard)?);
        let (head, now) = (head(&question.head), time(question.now));
        let token = question.refresh_token.map(RefreshToken::new);
        let step = match question.op.as_str() {
            "begin" if question.flag => guard.begin_peek(&head, now),
            "begin" => guard.begin(&head, now),
            "beginWith" => guard.begin_with(question.jwt.map(SessionJwt::new), token, now),
            "beginRenewal" => guard.begin_renewal(&head, token, now),
            "beginExchange" => guard.begin_exchange(&head, &OneTimeSecret::new(question.text), now),
            "beginCallback" => guard.begin_callback(&head, &question.text, now),
            "beginStore" => guard.begin_store(&head, Material::read(&question.text)?, now),
            unknown => return Some(object(&mut [("fault", format!("unknown question {unknown}").into())])),
        };
        Some(self.step(&guard, step, now))
    }

    /// Goes on with a conversation.
    fn go_on(&mut self, question: &Question) -> Option<Value> {
        let now = time(question.now);
        let (guard, waiting) = self.waiting.take(question.waiting)?;
        let step = match waiting {
            // Several may wait for one answer.
            Waiting::Answer(talk) => talk.receive(&guard, self.answers.get(question.answer)?.clone(), now),
            Waiting::Signature(talk) => talk.receive(&guard, question.flag, now),
        };
        Some(self.step(&guard, step, now))
    }

    fn ask_call(&mut self, question: Question) -> Option<Value> {
        let now = time(question.now);
        let (guard, call) = self.calls.get(question.call)?;
        let result = match question.op.as_str() {
            "limit" => return Some(millis(call.limit(guard, now)).into()),
            "known" => return call.known(guard, now).map(|answer| self.settled(answer)),
            "request" => return Some(request(guard, call)),
            "receive" => {
                let (control, after) = (question.cache_control.as_deref(), question.retry_after.as_deref());
                Ok(reply(question.status, control, after, &question.bytes))
            }
            _ if question.flag => Err(TryFailed::TimedOut),
            _ => Err(TryFailed::Transport(TransportError::new(question.text))),
        };
        self.tried(question.call, result, now)
    }

    fn ask_guard(&mut self, question: Question) -> Option<Value> {
        let guard = Rc::clone(self.guards.get(question.guard)?);
        let now = time(question.now);
        match question.op.as_str() {
            "recognise" => {
                let session = guard.recognise(&question.bytes, now)?;
                let token = session.refresh_token().map_or("", RefreshToken::reveal);
                Some(vec![session.user_id(), session.jwt().reveal(), token].into())
            }
            "beginSignIn" => {
                let drawn = convert::drawn(&question.bytes)?;
                let outcome = guard.begin_sign_in(&head(&question.head), &question.text, &drawn, now);
                Some(value(&NodeOutcome::from(&outcome)))
            }
            "returnTo" => Some(guard.return_to(&question.text).into()),
            "storeUnverified" => {
                let material = Material::read(&question.text)?;
                let ends = time(question.jwt_ends);
                Some(value(&match guard.store_unverified(&head(&question.head), &material, ends, now) {
                    Ok(cookies) => Cookies { values: values(&cookies), error: None },
                    Err(error) => Cookies { values: Vec::new(), error: Some((&error).into()) },
                }))
            }
            "signOut" => Some(self.sign_out(&guard, &question.head, now)),
            "signOutWith" => {
                let token = RefreshToken::new(question.refresh_token?);
                let call = guard.sign_out_with(&token, now);
                Some(self.call(&guard, call))
            }
            "callUser" => Some(match guard.call_user(&question.text, now) {
                Ok(call) => object(&mut [("call", self.call(&guard, call))]),
                Err(error) => object(&mut [("error", value(&NodeError::from(&error)))]),
            }),
            "follow" => guard.follow(now).map(|call| self.call(&guard, call)),
            _ => guard.upkeep(now).map(|call| self.call(&guard, call)),
        }
    }

    fn make_guard(&mut self, options: &str, seed: &Latin1) -> Value {
        let made = Options::read(options).and_then(|options| {
            let seed = <[u8; 32]>::try_from(&**seed).map_err(|_| Fault {
                code: "option_invalid",
                status: 500,
                message: "the seed must have 32 bytes".to_owned(),
            })?;
            Ok(Guard::new(&options.build()?, seed)?)
        });
        match made {
            Ok(guard) => {
                let names = guard.cookie_names();
                let about = object(&mut [
                    ("projectId", guard.project_id().to_string().into()),
                    ("baseUrl", guard.base_url().into()),
                    ("jwksUri", guard.jwks_uri().into()),
                    ("cookieNames", vec![names.jwt.clone(), names.refresh_token.clone()].into()),
                ]);
                let number = self.guards.put(Rc::new(guard));
                object(&mut [("guard", number.into()), ("about", about)])
            }
            Err(fault) => object(&mut [("error", value(&NodeError::from(fault)))]),
        }
    }

    /// What the host does next.
    fn step(&mut self, guard: &Rc<Guard>, mut step: Step, now: Timestamp) -> Value {
        loop {
            step = match step {
                Step::Done(outcome) => {
                    return object(&mut [("outcome", value(&NodeOutcome::from(&outcome)))]);
                }
                Step::Send(call, waiting) => {
                    let call = self.call(guard, call);
                    let waiting = self.waiting.put((Rc::clone(guard), Waiting::Answer(waiting)));
                    return object(&mut [("call", call), ("waiting", waiting.into())]);
                }
                Step::Check(waiting) => match ed25519::answer(waiting.check()) {
                    Some(holds) => waiting.receive(guard, holds, now),
                    None => {
                        let check = check(waiting.check());
                        let waiting = self.waiting.put((Rc::clone(guard), Waiting::Signature(waiting)));
                        return object(&mut [("check", check), ("waiting", waiting.into())]);
                    }
                },
            };
        }
    }

    fn call(&mut self, guard: &Rc<Guard>, call: Call) -> Value {
        let (key, background, pause) = (key_of(&call), call.is_background(), millis(call.pause()));
        let number = self.calls.put((Rc::clone(guard), call));
        object(&mut [
            ("call", number.into()),
            ("key", key.into()),
            ("background", background.into()),
            ("pause", pause.into()),
        ])
    }

    /// Takes the result of a try: the answer, or the pause before the next.
    fn tried(
        &mut self,
        number: u32,
        result: Result<Response<bytes::Bytes>, TryFailed>,
        now: Timestamp,
    ) -> Option<Value> {
        let (guard, call) = self.calls.take(number)?;
        Some(match call.receive(&guard, result, now) {
            Progress::Settled(answer) => self.settled(answer),
            Progress::Again(call) => {
                let pause = millis(call.pause());
                self.calls.put_back(number, (guard, call));
                object(&mut [("pause", pause.into())])
            }
        })
    }

    fn settled(&mut self, answer: Answer) -> Value {
        let error =
            if let Answer::Failed(error) = &answer { value(&NodeError::from(error)) } else { Value::Null };
        let user = if let Answer::User(user) = &answer { convert::json(&**user).into() } else { Value::Null };
        object(&mut [("answer", self.answers.put(answer).into()), ("error", error), ("user", user)])
    }

    fn sign_out(&mut self, guard: &Rc<Guard>, lines: &[u8], now: Timestamp) -> Value {
        let head = head(lines);
        let signed_out = guard.sign_out(&head, now);
        let cookies =
            if signed_out.cookies.is_empty() { guard.clear_plain(&head) } else { signed_out.cookies };
        let calls = signed_out.calls.into_iter().map(|call| self.call(guard, call)).collect::<Vec<_>>();
        object(&mut [("values", values(&cookies).into()), ("calls", Value::Array(calls))])
    }

    /// Verifies by a key set given by hand, or says what is to be checked first.
    fn verify(&mut self, question: Question) -> Option<Value> {
        let now = time(question.now);
        if question.op == "verified" {
            let (pending, expected) = self.verifying.take(question.waiting)?;
            return Some(verified(pending, question.flag, &expected, now));
        }
        let any = Expected::default();
        let expected =
            if question.op == "verifyWith" { self.guards.get(question.guard)?.expected() } else { &any };
        let jwt = question.jwt.unwrap_or_default();
        let begun = convert::key_set(&question.bytes)
            .and_then(|keys| verify::begin(&jwt, &keys, &expected.algorithms).map_err(Fault::from));
        Some(match begun {
            Err(fault) => object(&mut [("error", value(&NodeError::from(fault)))]),
            Ok(pending) => match ed25519::answer(pending.check()) {
                Some(holds) => verified(pending, holds, expected, now),
                None => {
                    let check = check(pending.check());
                    let waiting = self.verifying.put((pending, expected.clone()));
                    object(&mut [("check", check), ("waiting", waiting.into())])
                }
            },
        })
    }
}

fn verified(pending: PendingJwt, holds: bool, expected: &Expected, now: Timestamp) -> Value {
    match verify::finish(pending, holds, expected, now) {
        Ok(claims) => object(&mut [("claims", convert::json(&claims.claims).into())]),
        Err(error) => object(&mut [("error", value(&NodeError::from(Fault::from(error))))]),
    }
}

/// What WebCrypto is asked: a signature under a public key as JWK.
fn check(check: &SignatureCheck) -> Value {
    object(&mut [
        ("algorithm", check.algorithm.as_str().into()),
        ("key", check.key.to_jwk()),
        ("message", String::from_utf8_lossy(&check.message).into()),
        ("signature", BASE64URL.encode(&check.signature).into()),
    ])
}

fn request(guard: &Guard, call: &Call) -> Value {
    let request = call.request(guard);
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = request.headers().iter().flat_map(|(name, value)| [name.to_string(), text(value)]);
    let body = (!request.body().is_empty()).then(|| String::from_utf8_lossy(request.body()));
    object(&mut [
        ("method", request.method().as_str().into()),
        ("url", request.uri().to_string().into()),
        ("headers", headers.collect::<Vec<_>>().into()),
        ("body", body.into()),
    ])
}

fn value(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// An object of these members; the macro for it would be written out at every use.
fn object(members: &mut [(&str, Value)]) -> Value {
    members.iter_mut().map(|(name, value)| (*name, value.take())).collect()
}
