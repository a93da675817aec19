//! Signing out: cookies go at once, the session is ended at the service, nothing kept may revive it.

use super::{
    Guard,
    begin::Purpose,
    call::{Answer, Call},
    outcome::SetCookies,
    request::RequestHead,
};
use authmint_protocol::{
    ErrorCode,
    cookie::Scope,
    secret::{RefreshToken, SessionJwt},
    time::Timestamp,
};

/// A sign-out: what the app's answer must carry, and the calls that end the session at the service.
pub struct SignOut {
    /// What removes the cookies; it does not wait for the calls.
    pub cookies: SetCookies,
    /// One call per refresh token; none if the request brought none.
    pub calls: Vec<Call>,
}

impl Guard {
    /// Signs the request's sessions out.
    pub fn sign_out<'a>(&self, head: impl Into<RequestHead<'a>>, now: Timestamp) -> SignOut {
        let talk = self.conversation(head.into(), Purpose::Serve);
        let mut cookies = SetCookies::default();
        self.clear(&mut cookies, &talk.sent, talk.loopback);
        let calls = talk.waiting.iter().filter_map(|pair| {
            self.forget(pair.jwt.as_ref(), pair.refresh_token.as_ref(), now);
            pair.refresh_token.as_ref().map(|token| self.call_logout(token, now))
        });
        SignOut { calls: calls.collect(), cookies }
    }

    /// What removes the plain pair, whatever the request carried: for an app that knows of no request.
    #[must_use]
    pub fn clear_plain<'a>(&self, head: impl Into<RequestHead<'a>>) -> SetCookies {
        let mut cookies = SetCookies::default();
        self.clear(&mut cookies, &[Scope::Plain], head.into().is_loopback());
        cookies
    }

    /// Signs out with material that the app handed in.
    pub fn sign_out_with(&self, refresh_token: &RefreshToken, now: Timestamp) -> Call {
        self.forget(None, Some(refresh_token), now);
        self.call_logout(refresh_token, now)
    }

    /// Ends what this server knows of the session, so that neither a kept answer nor a verified JWT revives it.
    ///
    /// Session IDs are taken from verified JWTs only: an ID that anyone can write must not sign its owner out.
    fn forget(&self, jwt: Option<&SessionJwt>, refresh_token: Option<&RefreshToken>, now: Timestamp) {
        let mut known = jwt.into_iter().map(SessionJwt::reveal).collect::<Vec<_>>();
        let kept = refresh_token.and_then(|token| self.memory.kept(token, now));
        if let Some(Answer::Renewed(material)) = &kept {
            known.push(material.jwt.reveal());
        }
        for jwt in known {
            let verified = self.verified.get(jwt, self.keys.version(), now);
            if let Some(session) = verified.and_then(|verified| verified.claims.session_id) {
                self.ended.insert(session, ErrorCode::SessionRevoked, now);
            }
        }
        if let Some(token) = refresh_token {
            self.memory.refuse(token, ErrorCode::SessionRevoked, now);
        }
    }
}
