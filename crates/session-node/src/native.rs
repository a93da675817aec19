//! The guard as classes for Node.js; `ts/core.ts` says what each does.
//!
//! Everything is synchronous. A signature is checked in place; what needs the network is handed out as a call, which
//! TypeScript sends. No function throws for what its arguments say: faults are values.

pub mod step;

use crate::{
    convert::{self, Fault, Material, Options, head, time},
    value::{Cookies, NodeError, NodeOutcome, Verified, foreign_issuer, values},
};
use authmint::{
    Guard, Session,
    guard::{Call, Outcome, Step},
};
use authmint_protocol::{
    ErrorCode,
    secret::{OneTimeSecret, RefreshToken, SessionJwt},
    time::Timestamp,
    token::Expected,
};
use napi::bindgen_prelude::{Either, Latin1String, Uint8Array};
use napi_derive::napi;
use std::sync::Arc;
use step::{NodeCall, NodeSignOut, NodeStep, UserCall, settle};

/// The guard of one app.
#[napi(js_name = "Guard")]
pub struct NodeGuard {
    guard: Arc<Guard>,
}

/// A guard, or why there is none.
#[napi(object, object_from_js = false)]
pub struct Made {
    /// The guard.
    pub guard: Option<NodeGuard>,
    /// Why the options do not work.
    pub error: Option<NodeError>,
}

/// Makes a guard from options in JSON and a seed that was drawn for this process.
#[napi(catch_unwind)]
pub fn make_guard(options: String, seed: Uint8Array) -> Made {
    let made = Options::read(&options).and_then(|options| {
        let seed = <[u8; 32]>::try_from(&*seed).map_err(|_| Fault {
            code: "option_invalid",
            status: 500,
            message: "the seed must have 32 bytes".to_owned(),
        })?;
        Ok(Guard::new(&options.build()?, seed)?)
    });
    match made {
        Ok(guard) => Made { guard: Some(NodeGuard { guard: Arc::new(guard) }), error: None },
        Err(fault) => Made { guard: None, error: Some(fault.into()) },
    }
}

/// Whether a text is an API key that this side may hold; nothing, or what is wrong with it.
#[napi(catch_unwind)]
pub fn check_api_key(key: String, usage: Option<String>) -> Option<NodeError> {
    convert::check_key(&key, usage.as_deref()).err().map(NodeError::from)
}

/// The service's closed list of error codes.
#[napi(catch_unwind)]
pub fn error_codes() -> Vec<&'static str> {
    ErrorCode::ALL.iter().map(|code| code.as_str()).collect()
}

/// Verifies a session JWT with a key set given by hand: its signature, its time and its subject.
#[napi(catch_unwind)]
pub fn verify_jwt(jwt: String, key_set: Uint8Array, now: f64) -> Verified {
    convert::verify(&jwt, &key_set, &Expected::default(), time(now)).into()
}

#[napi]
impl NodeGuard {
    /// The hot path: user ID, session JWT and refresh token of a request whose JWT was seen before.
    #[napi(catch_unwind)]
    pub fn recognise(&self, cookies: Latin1String, now: f64) -> Option<Vec<String>> {
        self.guard.recognise(&cookies, time(now)).map(|session| recognised(&session))
    }

    /// Begins to serve a request; a peek changes nothing. A session that asks nothing of the answer comes as `recognise`
    /// gives it: most do, and a small array costs less than an object.
    #[napi(catch_unwind)]
    pub fn begin(&self, lines: Latin1String, peek: bool, now: f64) -> Either<Vec<String>, NodeStep> {
        let (head, now) = (head(&lines), time(now));
        let step = if peek { self.guard.begin_peek(&head, now) } else { self.guard.begin(&head, now) };
        match settle(&self.guard, step, now) {
            Step::Done(Outcome { session: Ok(session), cookies, then: None })
                if cookies.is_empty() && session.renewed().is_none() =>
            {
                Either::A(recognised(&session))
            }
            step => Either::B(self.step(step, now)),
        }
    }

    /// Begins with material that did not come as cookies.
    #[napi(catch_unwind)]
    pub fn begin_with(&self, jwt: Option<String>, refresh_token: Option<String>, now: f64) -> NodeStep {
        let (jwt, token) = (jwt.map(SessionJwt::new), refresh_token.map(RefreshToken::new));
        self.step(self.guard.begin_with(jwt, token, time(now)), time(now))
    }

    /// Begins a renewal, by the token that the app's page sent or else by the request's cookies.
    #[napi(catch_unwind)]
    pub fn begin_renewal(&self, lines: Latin1String, presented: Option<String>, now: f64) -> NodeStep {
        let presented = presented.map(RefreshToken::new);
        self.step(self.guard.begin_renewal(&head(&lines), presented, time(now)), time(now))
    }

    /// Begins the trade of a one-time secret for a session.
    #[napi(catch_unwind)]
    pub fn begin_exchange(&self, lines: Latin1String, secret: String, now: f64) -> NodeStep {
        let secret = OneTimeSecret::new(secret);
        self.step(self.guard.begin_exchange(&head(&lines), &secret, time(now)), time(now))
    }

    /// Begins a sign-in at the service's page; nothing if too few bytes were drawn.
    #[napi(catch_unwind)]
    pub fn begin_sign_in(
        &self,
        lines: Latin1String,
        target: String,
        drawn: Uint8Array,
        now: f64,
    ) -> Option<NodeOutcome> {
        let drawn = convert::drawn(&drawn)?;
        Some((&self.guard.begin_sign_in(&head(&lines), &target, &drawn, time(now))).into())
    }

    /// Begins to serve a person's way back from the page.
    #[napi(catch_unwind)]
    pub fn begin_callback(&self, lines: Latin1String, target: String, now: f64) -> NodeStep {
        self.step(self.guard.begin_callback(&head(&lines), &target, time(now)), time(now))
    }

    /// The place within the app that a target's `return_to` asks for.
    #[napi(catch_unwind)]
    pub fn return_to(&self, target: String) -> String {
        self.guard.return_to(&target)
    }

    /// Begins to store material, which is verified first; nothing if it is none.
    #[napi(catch_unwind)]
    pub fn begin_store(&self, lines: Latin1String, material: String, now: f64) -> Option<NodeStep> {
        let material = Material::read(&material)?;
        Some(self.step(self.guard.begin_store(&head(&lines), material, time(now)), time(now)))
    }

    /// What stores material that cannot be verified at once; nothing if it is none.
    #[napi(catch_unwind)]
    pub fn store_unverified(
        &self,
        lines: Latin1String,
        material: String,
        jwt_ends: f64,
        now: f64,
    ) -> Option<Cookies> {
        let material = Material::read(&material)?;
        let stored = self.guard.store_unverified(&head(&lines), &material, time(jwt_ends), time(now));
        Some(match stored {
            Ok(cookies) => Cookies { values: values(&cookies), error: None },
            Err(error) => Cookies { values: Vec::new(), error: Some((&error).into()) },
        })
    }

    /// Signs the request's sessions out.
    #[napi(catch_unwind)]
    pub fn sign_out(&self, lines: Latin1String, now: f64) -> NodeSignOut {
        let head = head(&lines);
        let signed_out = self.guard.sign_out(&head, time(now));
        let plain;
        let cookies = if signed_out.cookies.is_empty() {
            plain = self.guard.clear_plain(&head);
            &plain
        } else {
            &signed_out.cookies
        };
        let values = values(cookies);
        NodeSignOut { values, calls: signed_out.calls.into_iter().map(|call| self.call(call)).collect() }
    }

    /// Signs out with a token that did not come as a cookie.
    #[napi(catch_unwind)]
    pub fn sign_out_with(&self, refresh_token: String, now: f64) -> NodeCall {
        self.call(self.guard.sign_out_with(&RefreshToken::new(refresh_token), time(now)))
    }

    /// The call that fetches a user's profile.
    #[napi(catch_unwind)]
    pub fn call_user(&self, user_id: String, now: f64) -> UserCall {
        match self.guard.call_user(&user_id, time(now)) {
            Ok(call) => UserCall { call: Some(self.call(call)), error: None },
            Err(error) => UserCall { call: None, error: Some((&error).into()) },
        }
    }

    /// The next poll of the revocation feed, if it is to be followed.
    #[napi(catch_unwind)]
    pub fn follow(&self, now: f64) -> Option<NodeCall> {
        self.guard.follow(time(now)).map(|call| self.call(call))
    }

    /// Work that is due beside the requests.
    #[napi(catch_unwind)]
    pub fn upkeep(&self, now: f64) -> Option<NodeCall> {
        self.guard.upkeep(time(now)).map(|call| self.call(call))
    }

    /// Verifies a session JWT of this project with a key set given by hand.
    #[napi(catch_unwind)]
    pub fn verify_with(&self, jwt: String, key_set: Uint8Array, now: f64) -> Verified {
        convert::verify(&jwt, &key_set, self.guard.expected(), time(now)).into()
    }

    /// The project's ID.
    #[napi(catch_unwind)]
    pub fn project_id(&self) -> String {
        self.guard.project_id().to_string()
    }

    /// Where the service is.
    #[napi(catch_unwind)]
    pub fn base_url(&self) -> String {
        self.guard.base_url().to_owned()
    }

    /// Where the service publishes its key set.
    #[napi(catch_unwind)]
    pub fn jwks_uri(&self) -> String {
        self.guard.jwks_uri()
    }

    /// The names of the plain pair: session JWT, refresh token.
    #[napi(catch_unwind)]
    pub fn cookie_names(&self) -> Vec<String> {
        let names = self.guard.cookie_names();
        vec![names.jwt.clone(), names.refresh_token.clone()]
    }
}

/// User ID, session JWT, refresh token; the issuer, if it is another than the service.
fn recognised(session: &Session) -> Vec<String> {
    let token = session.refresh_token().map_or("", RefreshToken::reveal);
    let mut values = vec![session.user_id().to_owned(), session.jwt().reveal().to_owned(), token.to_owned()];
    values.extend(foreign_issuer(session));
    values
}

impl NodeGuard {
    fn call(&self, call: Call) -> NodeCall {
        NodeCall { guard: Arc::clone(&self.guard), call: Some(call) }
    }

    fn step(&self, step: Step, now: Timestamp) -> NodeStep {
        NodeStep::of(&self.guard, step, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typescript_union_holds_every_code() {
        let generated = include_str!("../generated/error-codes.d.ts");
        let listed: Vec<_> = generated.lines().filter_map(|line| line.split('"').nth(1)).collect();
        assert_eq!(listed, error_codes(), "`npm run build` in crates/session-node writes the file anew");
    }
}
