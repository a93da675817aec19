//! The conversations that every host of the guard runs; `vectors/guard/SOURCE.md` says how they read.

use authmint::{
    AuthOptions, Guard, IssuerTerms, Session,
    error::TransportError,
    guard::{Answer, AwaitsAnswer, Call, Progress, SetCookies, Step, TryFailed},
    protocol::{
        secret::{RefreshToken, SessionJwt},
        time::Timestamp,
        token::native,
    },
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use serde_json::{Value, json};
use std::time::Duration;

const CONVERSATIONS: &str = include_str!("../../../../vectors/guard/conversations.json");

#[test]
fn every_conversation_goes_as_written() {
    let file: Value = serde_json::from_str(CONVERSATIONS).unwrap();
    let start = Timestamp::from_unix_seconds(file["start"].as_i64().unwrap());
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let options = AuthOptions::new(text(&file["options"]["apiKey"]))
            .base_url(text(&file["options"]["baseUrl"]))
            .issuer_cookie(text(&file["options"]["issuerCookie"]))
            .accept_client_key();
        let issuers: Vec<IssuerTerms> = serde_json::from_value(file["options"]["issuers"].clone()).unwrap();
        let options = issuers.into_iter().fold(options, AuthOptions::trust);
        let guard = Guard::new(&options, [3; 32]).expect("the options hold together");
        let mut talk = Talk { guard, now: start, pending: None };
        for (number, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            talk.now = start.after(Duration::from_secs(step["at"].as_u64().unwrap()));
            assert_eq!(talk.act(step), step["expect"], "{}, step {number}", case["name"]);
        }
    }
}

/// A guard, and the call that its conversation waits for.
struct Talk {
    guard: Guard,
    now: Timestamp,
    pending: Option<(Call, AwaitsAnswer)>,
}

impl Talk {
    /// Does one step and says what came of it.
    fn act(&mut self, step: &Value) -> Value {
        let (now, token) =
            (self.now, |value: &Value| value.as_str().map(|text| RefreshToken::new(text.into())));
        let known = |what: &str| step.get(what).map(head);
        if let Some(head) = known("begin") {
            // Cookies alone decide only where nothing else came that may.
            let cookie = head.get("cookie").filter(|_| !head.contains_key("authorization"));
            let at_once = cookie.and_then(|cookie| self.guard.recognise(cookie.as_bytes(), now));
            let came = self.next(self.guard.begin(&head, now));
            // What is recognised at once must be what the whole conversation comes to.
            if let Some(session) = at_once {
                assert_eq!(came, signed_in(&session, &[]));
            }
            return came;
        }
        if let Some(head) = known("peek") {
            return self.next(self.guard.begin_peek(&head, now));
        }
        if let Some(head) = known("renew") {
            return self.next(self.guard.begin_renewal(&head, token(&step["presented"]), now));
        }
        if let Some(head) = known("signOut") {
            let signed_out = self.guard.sign_out(&head, now);
            let calls: Vec<_> = signed_out.calls.iter().map(|call| self.called(call)).collect();
            return json!({ "calls": calls, "cookies": values(&signed_out.cookies) });
        }
        if let Some(material) = step.get("with") {
            let jwt = material["jwt"].as_str().map(|text| SessionJwt::new(text.into()));
            return self.next(self.guard.begin_with(jwt, token(&material["refreshToken"]), now));
        }
        self.receive(match step.get("reply") {
            Some(came) => Ok(reply(came)),
            None if step["lost"] == "timeout" => Err(TryFailed::TimedOut),
            None => Err(TryFailed::Transport(TransportError::new("the request failed"))),
        })
    }

    fn receive(&mut self, result: Result<Response<Bytes>, TryFailed>) -> Value {
        let (call, waiting) = self.pending.take().expect("a step before asked for it");
        match call.receive(&self.guard, result, self.now) {
            Progress::Again(call) => {
                self.pending = Some((call, waiting));
                json!({ "again": true })
            }
            Progress::Settled(answer) => self.settled(waiting, answer),
        }
    }

    fn settled(&mut self, waiting: AwaitsAnswer, answer: Answer) -> Value {
        let step = waiting.receive(&self.guard, answer, self.now);
        self.next(step)
    }

    fn next(&mut self, mut step: Step) -> Value {
        loop {
            step = match step {
                Step::Check(waiting) => {
                    let holds = native::check(waiting.check());
                    waiting.receive(&self.guard, holds, self.now)
                }
                Step::Send(call, waiting) => {
                    let called = self.called(&call);
                    self.pending = Some((call, waiting));
                    return called;
                }
                Step::Done(outcome) => {
                    let cookies = values(&outcome.cookies);
                    return match &outcome.session {
                        Err(error) => {
                            json!({ "error": error.code(), "retryable": error.is_retryable(), "cookies": cookies })
                        }
                        Ok(session) => signed_in(session, &cookies),
                    };
                }
            };
        }
    }

    fn called(&self, call: &Call) -> Value {
        let request = call.request(&self.guard);
        let path = request.uri().path().rsplit('/').next().unwrap_or_default();
        match serde_json::from_slice::<Value>(request.body()) {
            Ok(body) => json!({ "send": path, "body": body }),
            Err(_) => json!({ "send": path }),
        }
    }
}

fn signed_in(session: &Session, cookies: &[&str]) -> Value {
    let mut came = json!({
        "userId": session.user_id(),
        "jwt": session.jwt().reveal(),
        "refreshToken": session.refresh_token().map_or("", RefreshToken::reveal),
        "expiresAt": session.refresh_expires_at().map_or_else(String::new, Timestamp::to_iso8601),
    });
    if let Some(issuer) = session.issuer().filter(|_| session.is_foreign()) {
        came["issuer"] = issuer.into();
    }
    json!({ "cookies": cookies, "session": came })
}

fn text(value: &Value) -> &str {
    value.as_str().expect("the vector holds a string here")
}

fn head(headers: &Value) -> HeaderMap {
    let pairs = headers.as_object().expect("headers by name").iter();
    pairs.map(|(name, value)| (name.parse().unwrap(), text(value).parse().unwrap())).collect()
}

fn reply(came: &Value) -> Response<Bytes> {
    let mut reply = Response::new(Bytes::from(text(&came["body"]).to_owned()));
    *reply.status_mut() = u16::try_from(came["status"].as_u64().unwrap()).unwrap().try_into().unwrap();
    for (name, value) in came["headers"].as_object().unwrap() {
        let (name, value): (HeaderName, HeaderValue) = (name.parse().unwrap(), text(value).parse().unwrap());
        reply.headers_mut().insert(name, value);
    }
    reply
}

fn values(cookies: &SetCookies) -> Vec<&str> {
    cookies.values().map(|value| value.to_str().expect("cookies are ASCII")).collect()
}
