//! The host of a guard on tokio: answers its steps by HTTP and by checking signatures in place.

mod flight;
mod follower;
mod host;
mod settling;

pub use host::{Host, SystemHost};
pub use settling::Settling;

use crate::{
    error::{AuthError, ConfigError, UnavailableCause},
    guard::{
        Answer, AuthOptions, Call, Guard, Outcome, Progress, RequestHead, SIGN_IN_DRAW, SetCookies, Step,
        TryFailed,
    },
    session::{AuthMaterial, Session},
};
use authmint_protocol::{
    secret::{OneTimeSecret, RefreshToken, SessionJwt},
    token::native,
    wire::user::User,
};
use flight::{Flights, Role};
use follower::Follower;
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// An app's way to its users' sessions. Make one, and clone it wherever it is needed: all clones share what is known.
pub struct Auth<H: Host = SystemHost> {
    inner: Arc<Inner<H>>,
    follower: Arc<Follower>,
}

struct Inner<H> {
    guard: Guard,
    host: H,
    flights: Flights,
}

impl Auth {
    /// Makes the SDK with the system's clock and network.
    ///
    /// Without a base URL, a key that Crossmint issued means Crossmint's hosted service.
    ///
    /// # Errors
    /// [`ConfigError`] if the options cannot work: now, and not when a person signs in.
    pub fn new(options: AuthOptions) -> Result<Self, ConfigError> {
        let options = options.or_crossmint(native::check_ed25519)?;
        Self::with_host(&options, host::draw_seed(), SystemHost::new()?)
    }
}

impl<H: Host> Auth<H> {
    /// Makes the SDK with a clock and network of the caller's; `seed` must be drawn anew for each process.
    ///
    /// # Errors
    /// [`ConfigError`] if the options cannot work.
    pub fn with_host(options: &AuthOptions, seed: [u8; 32], host: H) -> Result<Self, ConfigError> {
        let guard = Guard::new(options, seed)?;
        let inner = Arc::new(Inner { guard, host, flights: Flights::default() });
        let this = Self { inner, follower: Arc::default() };
        // Made outside a runtime, it follows from the first request on.
        if Handle::try_current().is_ok() {
            this.follower.start(&this.inner);
        }
        Ok(this)
    }

    /// The session of a request: checked offline, refreshed if it must be.
    ///
    /// The outcome's cookies belong on the app's answer, whether there is a session or not.
    pub fn get_session<'a>(&self, head: impl Into<RequestHead<'a>>) -> Settling<Outcome> {
        self.finish(self.guard().begin(head, self.inner.host.now()))
    }

    /// The session of material that did not come as cookies. A JWT alone serves while it is valid.
    pub fn get_session_with(
        &self,
        jwt: Option<SessionJwt>,
        refresh_token: Option<RefreshToken>,
    ) -> Settling<Result<Session, AuthError>> {
        self.finish(self.guard().begin_with(jwt, refresh_token, self.inner.host.now()))
            .map(|outcome| outcome.session)
    }

    /// A look that changes nothing and never refreshes, for code that cannot set cookies.
    pub fn peek<'a>(&self, head: impl Into<RequestHead<'a>>) -> Settling<Result<Session, AuthError>> {
        self.finish(self.guard().begin_peek(head, self.inner.host.now())).map(|outcome| outcome.session)
    }

    /// Verifies a session JWT and nothing else.
    pub fn verify_jwt(&self, jwt: &str) -> Settling<Result<Session, AuthError>> {
        self.get_session_with(Some(SessionJwt::new(jwt.to_owned())), None)
    }

    /// Renews the session now, with the token that the app's page sent, else with the request's cookies.
    pub fn refresh<'a>(
        &self,
        head: impl Into<RequestHead<'a>>,
        presented: Option<RefreshToken>,
    ) -> Settling<Outcome> {
        self.finish(self.guard().begin_renewal(head, presented, self.inner.host.now()))
    }

    /// Trades the one-time secret that a sign-in ended with for a session, stored under the plain names.
    pub fn exchange<'a>(
        &self,
        head: impl Into<RequestHead<'a>>,
        secret: &OneTimeSecret,
    ) -> Settling<Outcome> {
        self.finish(self.guard().begin_exchange(head, secret, self.inner.host.now()))
    }

    /// Sends a person to the service's sign-in page: the answer is what the outcome's [`then`](Outcome::then) says, with its
    /// cookies. `target` is the request's path and query; its last segment is the route's own name, and `callback` beside
    /// it is where the person comes back to.
    ///
    /// The query may say `return_to`, a path within the app, and `prompt`, `login_hint` and `ui_locales` for the page.
    pub fn begin_sign_in<'a>(&self, head: impl Into<RequestHead<'a>>, target: &str) -> Outcome {
        let mut drawn = [0; SIGN_IN_DRAW];
        self.inner.host.draw(&mut drawn);
        self.guard().begin_sign_in(head, target, &drawn, self.inner.host.now())
    }

    /// Takes a person back from the sign-in page: the session's cookies are set, and the outcome's
    /// [`then`](Outcome::then) says where the person goes on, or why not.
    pub fn finish_sign_in<'a>(&self, head: impl Into<RequestHead<'a>>, target: &str) -> Settling<Outcome> {
        self.finish(self.guard().begin_callback(head, target, self.inner.host.now()))
    }

    /// Stores auth material that the app got by other means, after verifying it.
    pub fn store_auth_material<'a>(
        &self,
        head: impl Into<RequestHead<'a>>,
        material: AuthMaterial,
    ) -> Settling<Outcome> {
        self.finish(self.guard().begin_store(head, material, self.inner.host.now()))
    }

    /// Signs out: the cookies to clear are known at once, and the session is ended at the service.
    ///
    /// The end at the service is awaited, but goes on if the caller does not wait. If it fails, the cookies are to be
    /// cleared all the same; the error is worth a line in the log.
    pub fn logout<'a>(
        &self,
        head: impl Into<RequestHead<'a>>,
    ) -> Settling<(SetCookies, Result<(), AuthError>)> {
        let signing_out = self.guard().sign_out(head, self.inner.host.now());
        let this = self.clone();
        Settling::waiting(async move {
            let mut ended = Ok(());
            for call in signing_out.calls {
                if let Answer::Failed(error) = this.answer(call).await {
                    tracing::warn!(
                        code = error.code(),
                        "signed out here, but the service could not be told: {error}"
                    );
                    ended = Err(error);
                }
            }
            (signing_out.cookies, ended)
        })
    }

    /// The profile of a user of the project; the API key needs the scope `users.read`.
    ///
    /// # Errors
    /// [`AuthError::UserIdInvalid`], [`AuthError::UserUnknown`], or what kept the service from answering.
    pub async fn get_user(&self, user_id: &str) -> Result<User, AuthError> {
        let call = self.guard().call_user(user_id, self.inner.host.now())?;
        match self.answer(call).await {
            Answer::User(user) => Ok(Arc::unwrap_or_clone(user)),
            Answer::Failed(error) => Err(error),
            _ => Err(AuthError::unavailable(UnavailableCause::BrokenAnswer)),
        }
    }

    /// Where the service publishes its key set.
    #[must_use]
    pub fn jwks_uri(&self) -> String {
        self.guard().jwks_uri()
    }

    /// The core that decides.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.inner.guard
    }

    /// Holds a conversation to its end.
    fn finish(&self, step: Step) -> Settling<Outcome> {
        match step {
            Step::Done(outcome) => {
                self.keep_up();
                Settling::ready(outcome)
            }
            step => Settling::waiting(self.clone().converse(step)),
        }
    }

    async fn converse(self, mut step: Step) -> Outcome {
        loop {
            step = match step {
                Step::Done(outcome) => {
                    self.keep_up();
                    return outcome;
                }
                Step::Check(waiting) => {
                    let holds = native::check(waiting.check());
                    waiting.receive(&self.inner.guard, holds, self.inner.host.now())
                }
                Step::Send(call, waiting) => {
                    let answer = self.answer(call).await;
                    waiting.receive(&self.inner.guard, answer, self.inner.host.now())
                }
            };
        }
    }

    /// The answer to a call: of the same call under way, if there is one. The call runs in a task of its own, so that
    /// a caller who goes away cancels nobody else's.
    async fn answer(&self, call: Call) -> Answer {
        let now = self.inner.host.now();
        let lost = || Answer::Failed(AuthError::unavailable(UnavailableCause::BrokenAnswer));
        let Some(key) = call.shared_key() else {
            let task = tokio::spawn(drive(Arc::clone(&self.inner), call));
            return task.await.unwrap_or_else(|_| lost());
        };
        let waiting = match self.inner.flights.join(&key, || call.known(&self.inner.guard, now)) {
            Role::Known(answer) => return answer,
            Role::Follow(waiting) => waiting,
            Role::Lead(landing, waiting) => {
                let inner = Arc::clone(&self.inner);
                tokio::spawn(async move {
                    let answer = drive(Arc::clone(&inner), call).await;
                    inner.flights.land(&key, &landing, answer);
                });
                waiting
            }
        };
        waiting.answer().await.unwrap_or_else(lost)
    }

    /// Does what is due beside the requests.
    fn keep_up(&self) {
        self.follower.start(&self.inner);
        if let Some(call) = self.inner.guard.upkeep(self.inner.host.now()) {
            let this = self.clone();
            tokio::spawn(async move {
                if let Answer::Failed(error) = this.answer(call).await {
                    tracing::warn!(
                        code = error.code(),
                        "the key set could not be renewed; the old one serves on: {error}"
                    );
                }
            });
        }
    }
}

impl<H: Host> Clone for Auth<H> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), follower: Arc::clone(&self.follower) }
    }
}

/// Sends a call, again and again where the guard says so.
async fn drive<H: Host>(inner: Arc<Inner<H>>, mut call: Call) -> Answer {
    let (guard, host) = (&inner.guard, &inner.host);
    loop {
        if !call.pause().is_zero() {
            wait(host, &call, call.pause()).await;
        }
        let limit = call.limit(guard, host.now());
        let result = tokio::select! {
            biased;
            reply = host.send(call.request(guard)) => reply.map_err(TryFailed::Transport),
            () = wait(host, &call, limit) => Err(TryFailed::TimedOut),
        };
        match call.receive(guard, result, host.now()) {
            Progress::Settled(answer) => return answer,
            Progress::Again(next) => call = next,
        }
    }
}

async fn wait<H: Host>(host: &H, call: &Call, span: Duration) {
    if call.is_background() { host.rest(span).await } else { host.sleep(span).await }
}
