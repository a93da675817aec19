//! One call to the service, with its tries: what to send, when, and what an answer means.

use super::{Guard, follow, foreign::Issuer};
use crate::{
    error::{AuthError, TransportError, UnavailableCause},
    session::{AuthMaterial, Source},
};
use authmint_protocol::{
    ErrorCode,
    id::UserId,
    secret::{AuthorizationCode, CodeVerifier, RefreshToken},
    time::Timestamp,
    wire::{
        problem::Problem,
        session::{CodeRequest, LogoutRequest, RefreshRequest},
        user::User,
    },
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// The pause before the second try; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest answer that is read, key sets aside.
const MAX_ANSWER: usize = 64 * 1024;

// Made when this is compiled: a name that is read at run time brings the table of all names that there are.
static CLIENT_NAME: HeaderName = HeaderName::from_static("x-client-name");
static CLIENT_VERSION: HeaderName = HeaderName::from_static("x-client-version");
static API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A call to the service that someone waits for.
///
/// A host sends [`request`](Self::request) after [`pause`](Self::pause), gives up after [`limit`](Self::limit), and
/// hands the result to [`receive`](Self::receive), until that settles it. Calls with an equal
/// [`shared_key`](Self::shared_key) are one call: whoever comes later waits for the first one's answer.
pub struct Call {
    kind: Kind,
    deadline: Timestamp,
    tries: u32,
    pause: Duration,
}

enum Kind {
    /// The key set of whoever it is.
    Keys(Source),
    Refresh(RefreshToken),
    Trade(CodeRequest),
    Logout(RefreshToken),
    User(UserId),
    /// What ended since this cursor.
    Feed(Option<String>),
}

/// What makes two calls one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum SharedKey {
    /// The key set: the service's, or that of another issuer by its place.
    Keys(Option<usize>),
    /// A refresh with this whole token: never less, or one user's answer would reach another.
    Refresh(Arc<str>),
}

/// What came of one try.
pub enum Progress {
    /// The call is over; everyone who waited gets this.
    Settled(Answer),
    /// Try again, after the call's pause.
    Again(Call),
}

/// How a call ended.
#[derive(Clone)]
pub enum Answer {
    /// The guard holds a newer key set.
    Keys,
    /// The session goes on with new material.
    Renewed(Arc<AuthMaterial>),
    /// The service refused the token, for the reason given.
    Refused(ErrorCode),
    /// The session ended, or there was none.
    SignedOut,
    /// A user's profile.
    User(Arc<User>),
    /// The guard knows what has ended as of now.
    Heard,
    /// The service gave no usable answer; nothing is known about the token.
    Failed(AuthError),
}

impl Guard {
    pub(super) fn call_keys(&self, of: Source, now: Timestamp) -> Call {
        self.call(Kind::Keys(of), now)
    }

    pub(super) fn call_refresh(&self, token: &RefreshToken, now: Timestamp) -> Call {
        self.call(Kind::Refresh(token.clone()), now)
    }

    pub(super) fn call_trade(
        &self,
        code: AuthorizationCode,
        code_verifier: CodeVerifier,
        redirect_uri: String,
        now: Timestamp,
    ) -> Call {
        self.call(Kind::Trade(CodeRequest { code, code_verifier, redirect_uri }), now)
    }

    pub(super) fn call_logout(&self, token: &RefreshToken, now: Timestamp) -> Call {
        self.call(Kind::Logout(token.clone()), now)
    }

    /// The call that fetches a user's profile; needs a server key with the scope `users.read`.
    ///
    /// # Errors
    /// [`AuthError::UserIdInvalid`] if the text is no user ID: nothing else gets into the path.
    pub fn call_user(&self, user_id: &str, now: Timestamp) -> Result<Call, AuthError> {
        let user_id = user_id.parse().map_err(|_| AuthError::UserIdInvalid)?;
        Ok(self.call(Kind::User(user_id), now))
    }

    pub(super) fn call_feed(&self, cursor: Option<String>, pause: Duration, now: Timestamp) -> Call {
        let deadline = now.after(pause + follow::WAIT + self.settings.try_limit);
        Call { kind: Kind::Feed(cursor), deadline, tries: 0, pause }
    }

    fn call(&self, kind: Kind, now: Timestamp) -> Call {
        Call { kind, deadline: now.after(self.settings.total_limit), tries: 0, pause: Duration::ZERO }
    }
}

impl Call {
    /// What makes another call the same as this one, if calls of its kind may be shared.
    #[must_use]
    pub fn shared_key(&self) -> Option<SharedKey> {
        match &self.kind {
            Kind::Keys(Source::Service) => Some(SharedKey::Keys(None)),
            Kind::Keys(Source::Issuer(index)) => Some(SharedKey::Keys(Some(*index))),
            Kind::Refresh(token) => Some(SharedKey::Refresh(token.reveal().into())),
            Kind::Trade(_) | Kind::Logout(_) | Kind::User(_) | Kind::Feed(_) => None,
        }
    }

    /// The answer, if the same call was settled since this one was made.
    #[must_use]
    pub fn known(&self, guard: &Guard, now: Timestamp) -> Option<Answer> {
        match &self.kind {
            Kind::Refresh(token) => {
                let refused = guard.memory.refused(token, now).map(Answer::Refused);
                refused.or_else(|| guard.memory.kept(token, now))
            }
            Kind::Keys(_) | Kind::Trade(_) | Kind::Logout(_) | Kind::User(_) | Kind::Feed(_) => None,
        }
    }

    /// How long to wait before sending.
    #[must_use]
    pub const fn pause(&self) -> Duration {
        self.pause
    }

    /// How long this try may take once it is sent, at the point in time when it is.
    #[must_use]
    pub fn limit(&self, guard: &Guard, now: Timestamp) -> Duration {
        let rest = self.deadline.since(now);
        if self.is_background() { rest } else { rest.min(guard.settings.try_limit) }
    }

    /// Whether no request waits for it, however long it takes.
    #[must_use]
    pub const fn is_background(&self) -> bool {
        matches!(self.kind, Kind::Feed(_))
    }

    /// The request to send; redirects are not to be followed.
    #[must_use]
    pub fn request(&self, guard: &Guard) -> Request<Bytes> {
        let urls = &guard.settings.urls;
        let (method, uri, body) = match &self.kind {
            Kind::Keys(of) => {
                let uri = issuer(guard, *of).map_or_else(|| urls.jwks.clone(), Issuer::uri);
                (Method::GET, uri, Bytes::new())
            }
            Kind::Refresh(token) => {
                (Method::POST, urls.refresh.clone(), json(&RefreshRequest { refresh: token.clone() }))
            }
            Kind::Trade(trade) => (Method::POST, urls.trade.clone(), json(trade)),
            Kind::Logout(token) => {
                (Method::POST, urls.logout.clone(), json(&LogoutRequest { refresh: Some(token.clone()) }))
            }
            Kind::User(id) => (Method::GET, urls.user(*id), Bytes::new()),
            Kind::Feed(cursor) => (Method::GET, urls.feed(cursor.as_deref(), follow::WAIT), Bytes::new()),
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        // Another issuer is told nothing of us, least of all the API key.
        if matches!(self.kind, Kind::Keys(Source::Issuer(_))) {
            return request;
        }
        headers.insert(CLIENT_NAME.clone(), HeaderValue::from_static("authmint-rust"));
        headers.insert(CLIENT_VERSION.clone(), HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
        if !matches!(self.kind, Kind::Keys(_)) {
            headers.insert(API_KEY.clone(), guard.settings.api_key.clone());
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request
    }

    /// Takes the result of a try. Whatever is to be remembered, the guard remembers here, before anyone who waits
    /// goes on.
    pub fn receive(
        self,
        guard: &Guard,
        result: Result<Response<Bytes>, TryFailed>,
        now: Timestamp,
    ) -> Progress {
        let (failure, retry_after) = match result {
            // One more request, now that the first has said where: no try of its own, and no wait.
            Ok(reply) if self.discovers(guard, &reply) => {
                return Progress::Again(Self { pause: Duration::ZERO, ..self });
            }
            Ok(reply) => match self.read(guard, &reply, now) {
                Ok(answer) => return Progress::Settled(self.settle(guard, answer, now)),
                Err(cause) => (cause, retry_after(reply.headers())),
            },
            Err(TryFailed::TimedOut) => (UnavailableCause::TimedOut, None),
            Err(TryFailed::Transport(error)) => (UnavailableCause::Network(error), None),
        };
        let pause = self.next_pause(guard).max(retry_after.unwrap_or_default());
        // A poll of the feed is not repeated but followed by the next one.
        if now.after(pause) < self.deadline && !self.is_background() {
            return Progress::Again(Self { tries: self.tries + 1, pause, ..self });
        }
        let error = AuthError::Unavailable { cause: failure, retry_after };
        Progress::Settled(self.settle(guard, Answer::Failed(error), now))
    }

    /// Between half of the doubled pause and all of it, different for every token.
    fn next_pause(&self, guard: &Guard) -> Duration {
        let half = FIRST_PAUSE.saturating_mul(1 << self.tries.min(10)) / 2;
        let text = match &self.kind {
            Kind::Refresh(token) | Kind::Logout(token) => token.reveal(),
            Kind::Trade(trade) => trade.code.reveal(),
            Kind::Keys(_) | Kind::User(_) | Kind::Feed(_) => "",
        };
        half + guard.seeded.spread(text, self.tries, half)
    }

    /// What the reply means; an error if the same request may yet succeed.
    fn read(
        &self,
        guard: &Guard,
        reply: &Response<Bytes>,
        now: Timestamp,
    ) -> Result<Answer, UnavailableCause> {
        let status = reply.status();
        if matches!(status.as_u16(), 408 | 425 | 429 | 500..) {
            return Err(UnavailableCause::Status(status.as_u16()));
        }
        if let Kind::Keys(of) = self.kind {
            let issuer = issuer(guard, of);
            let keys = issuer.map_or(&guard.keys, |issuer| &issuer.keys);
            if keys.fetched(reply, now).is_err() {
                issuer.inspect(|issuer| issuer.forget_place());
                return Err(UnavailableCause::BrokenAnswer);
            }
            return Ok(Answer::Keys);
        }
        if status != StatusCode::OK || reply.body().len() > MAX_ANSWER {
            return Ok(self.declined(reply));
        }
        match &self.kind {
            Kind::Refresh(_) | Kind::Trade(_) => {
                AuthMaterial::read(reply.body()).map(|material| Answer::Renewed(Arc::new(material)))
            }
            Kind::User(id) => serde_json::from_slice::<User>(reply.body())
                .ok()
                .filter(|user| user.id == id.to_string())
                .map(|user| Answer::User(Arc::new(user))),
            Kind::Feed(_) => {
                guard.hear(reply.body(), now)?;
                Some(Answer::Heard)
            }
            Kind::Keys(_) | Kind::Logout(_) => Some(Answer::SignedOut),
        }
        .ok_or(UnavailableCause::BrokenAnswer)
    }

    /// Whether the reply is the discovery document that says where the keys are, and was taken in as that.
    fn discovers(&self, guard: &Guard, reply: &Response<Bytes>) -> bool {
        let Kind::Keys(of) = self.kind else { return false };
        issuer(guard, of).is_some_and(|issuer| {
            issuer.is_undiscovered() && reply.status() == StatusCode::OK && issuer.discover(reply.body())
        })
    }

    fn declined(&self, reply: &Response<Bytes>) -> Answer {
        let status = reply.status().as_u16();
        let problem = serde_json::from_slice::<Problem>(reply.body()).ok();
        let code = problem.as_ref().and_then(Problem::known_code);
        match (&self.kind, code) {
            (Kind::Refresh(_) | Kind::Trade(_), Some(code)) if status == 401 && judges_token(code) => {
                Answer::Refused(code)
            }
            (Kind::User(_), Some(ErrorCode::UserUnknown)) => Answer::Failed(AuthError::UserUnknown),
            _ => {
                let (code, message) =
                    problem.map(|problem| (problem.code, problem.message)).unwrap_or_default();
                Answer::Failed(AuthError::Declined { status, code, message })
            }
        }
    }

    fn settle(&self, guard: &Guard, answer: Answer, now: Timestamp) -> Answer {
        let memory = &guard.memory;
        match (&self.kind, &answer) {
            (Kind::Refresh(token), Answer::Renewed(_)) => {
                memory.service_answered();
                // Signed out meanwhile: the answer must not be kept, or it would revive the session.
                if memory.refused(token, now).is_none() {
                    memory.keep(token, answer.clone(), now);
                }
            }
            (Kind::Refresh(token), Answer::Refused(code)) => {
                memory.service_answered();
                guard.note_refusal(token, *code, now);
            }
            (Kind::Refresh(_), Answer::Failed(error)) => {
                let retry_after = match error {
                    AuthError::Unavailable { retry_after, .. } => *retry_after,
                    _ => None,
                };
                memory.service_failed(retry_after, now);
            }
            (Kind::Keys(of), Answer::Failed(_)) => {
                let issuer = issuer(guard, *of);
                issuer.map_or(&guard.keys, |issuer| &issuer.keys).failed(now);
                // Whoever does not answer may have moved, and the next try asks where to.
                if let Some(issuer) = issuer {
                    issuer.forget_place();
                }
            }
            (Kind::Feed(_), Answer::Failed(error)) => guard.feed.failed(error),
            _ => {}
        }
        answer
    }
}

/// Why a try brought no reply.
pub enum TryFailed {
    /// Its limit passed.
    TimedOut,
    /// The transport failed.
    Transport(TransportError),
}

fn issuer(guard: &Guard, of: Source) -> Option<&Issuer> {
    match of {
        Source::Service => None,
        Source::Issuer(index) => guard.foreign.get(index),
    }
}

/// Codes that say something about the token rather than about the call.
const fn judges_token(code: ErrorCode) -> bool {
    code.is_terminal()
        || matches!(
            code,
            ErrorCode::ProjectMismatch
                | ErrorCode::OneTimeSecretInvalid
                | ErrorCode::OneTimeSecretExpired
                | ErrorCode::OneTimeSecretUsed
        )
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn json(message: &impl Serialize) -> Bytes {
    // Our own messages hold texts only; they always become JSON.
    serde_json::to_vec(message).map(Bytes::from).unwrap_or_default()
}
