//! The rest of a conversation: what an answer or a signature changes, and how it ends.

use super::{
    Guard,
    begin::{AwaitsAnswer, AwaitsSignature, Conversation, Purpose, Question, Stage, Step, same_session},
    call::Answer,
    outcome::{Outcome, SetCookies},
    request::RequestHead,
    revocation::Standing,
};
use crate::{
    error::{AuthError, UnavailableCause},
    session::{AuthMaterial, Session, Source, VerifiedJwt},
};
use authmint_protocol::{
    ErrorCode,
    cookie::{self, Attributes, AuthCookie, CookieNotWritable, Expiry, Scope},
    secret::{RefreshToken, SessionJwt},
    time::Timestamp,
    token::{JwtError, SessionClaims, verify},
};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

/// How long before a JWT's end its session is refreshed at the latest; the jitter before that is as long.
const EARLY_WINDOW: Duration = Duration::from_secs(60);

impl AwaitsAnswer {
    /// Goes on with the answer to the call.
    pub fn receive(self, guard: &Guard, answer: Answer, now: Timestamp) -> Step {
        match (self.question, answer) {
            (Question::Refresh(serving), answer) => guard.answered(self.talk, serving, answer, now),
            (Question::Keys(_), Answer::Failed(error)) => guard.fail(&self.talk, error),
            (Question::Keys(stage), _) => guard.examine(self.talk, stage, now),
        }
    }
}

impl AwaitsSignature {
    /// Goes on with the answer to the check.
    pub fn receive(mut self, guard: &Guard, signature_holds: bool, now: Timestamp) -> Step {
        let text = match &self.stage {
            // Whatever it turns out to be worth, nobody asks for this text again.
            Stage::Presented(_) => self.talk.current.jwt.take(),
            Stage::Renewed(material) => Some(material.jwt.clone()),
        };
        let Some(text) = text else { return guard.fail(&self.talk, AuthError::NotSignedIn) };
        let source = self.stage.source();
        let issuer = match source {
            Source::Service => None,
            Source::Issuer(index) => guard.foreign.get(index),
        };
        let finished = match issuer {
            Some(issuer) => issuer.rules.finish(self.jwt, signature_holds, now),
            None => verify::finish(self.jwt, signature_holds, &guard.settings.expected, now),
        };
        match finished {
            Ok(claims) => {
                let verified = guard.remember(text, claims, (source, self.keys_version), now);
                match source {
                    Source::Service => guard.holds(self.talk, &self.stage, verified, now),
                    // The feed tells of our sessions, and this is none of them.
                    Source::Issuer(_) => {
                        Step::Done(Outcome::of(Ok(Session { verified, refresh_token: None, renewed: None })))
                    }
                }
            }
            Err(error) => guard.does_not_hold(self.talk, &self.stage, error, now),
        }
    }
}

impl Guard {
    /// What stores material in the plain pair without looking at it: for hosts that must answer at once while no keys
    /// are known yet. Whatever it is worth, every later request verifies it.
    ///
    /// # Errors
    /// [`AuthError::CookieNotWritable`] if browsers would not keep it.
    pub fn store_unverified<'a>(
        &self,
        head: impl Into<RequestHead<'a>>,
        material: &AuthMaterial,
        jwt_expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<SetCookies, AuthError> {
        let ends = (jwt_expires_at, Some(material.refresh_expires_at));
        let jar = (Scope::Plain, head.into().is_loopback());
        self.set_both(material, ends, jar, now).map_err(AuthError::CookieNotWritable)
    }

    fn remember(
        &self,
        jwt: SessionJwt,
        claims: SessionClaims,
        (source, keys_version): (Source, u64),
        now: Timestamp,
    ) -> Arc<VerifiedJwt> {
        let life = claims.expires_at.since(claims.issued_at.unwrap_or(now));
        let window = EARLY_WINDOW + self.seeded.spread(jwt.reveal(), 0, EARLY_WINDOW);
        let refresh_from = claims.expires_at.before(window.min(life / 3));
        let verified = Arc::new(VerifiedJwt {
            jwt,
            claims,
            refresh_from,
            keys_version,
            source,
            clear_as_of: AtomicU64::new(0),
        });
        self.verified.insert(&verified);
        verified
    }

    /// A JWT passed.
    pub(super) fn holds(
        &self,
        talk: Conversation,
        stage: &Stage,
        verified: Arc<VerifiedJwt>,
        now: Timestamp,
    ) -> Step {
        match (self.ended.standing(&verified), stage) {
            (Standing::Clear, _) => {}
            (Standing::Ended(code), _) => {
                self.verified.remove(verified.jwt.reveal());
                if let (Stage::Renewed(_), Some(token)) = (stage, &talk.current.refresh_token) {
                    self.memory.refuse(token, code, now);
                }
                return self.turned_down(talk, code, now);
            }
            // The service knows whether this session is one of those that ended.
            (Standing::Outdated(_), Stage::Presented(_)) if talk.current.refresh_token.is_some() => {
                return self.renew(talk, None, now);
            }
            // What it made in the same second or later, it made knowing that.
            (Standing::Outdated(at), Stage::Renewed(_))
                if verified.claims.issued_at.is_some_and(|issued| issued >= at) => {}
            (Standing::Outdated(_), _) => return self.turned_down(talk, ErrorCode::SessionRevoked, now),
        }
        if let Stage::Renewed(material) = stage {
            return self.accept(talk, verified, Some(Arc::clone(material)), now);
        }
        let token = talk.current.refresh_token.as_ref().map(RefreshToken::reveal);
        if !same_session(&verified, token) {
            return self.renew(talk, None, now);
        }
        let early = now >= verified.refresh_from && token.is_some();
        if early && talk.purpose == Purpose::Serve && !talk.prefetch && !self.memory.service_rests(now) {
            return self.renew(talk, Some(verified), now);
        }
        self.accept(talk, verified, None, now)
    }

    /// A JWT did not pass.
    pub(super) fn does_not_hold(
        &self,
        mut talk: Conversation,
        stage: &Stage,
        error: JwtError,
        now: Timestamp,
    ) -> Step {
        match stage {
            Stage::Presented(_) if talk.current.refresh_token.is_some() => self.renew(talk, None, now),
            Stage::Presented(_) => {
                talk.note(AuthError::JwtRefused(error));
                self.next(talk, now)
            }
            // A JWT may live shorter than answers are kept.
            Stage::Renewed(_) if error == JwtError::Expired && self.drop_kept(&talk, now) => {
                self.renew(talk, None, now)
            }
            // The service signed it with a key that its key set will hold in a moment.
            Stage::Renewed(_) if matches!(error, JwtError::KeyUnknown(_)) => {
                self.fail(&talk, AuthError::unavailable(UnavailableCause::KeyUnknown))
            }
            Stage::Renewed(_) => self.fail(&talk, AuthError::Misconfigured(error)),
        }
    }

    fn drop_kept(&self, talk: &Conversation, now: Timestamp) -> bool {
        talk.current.refresh_token.as_ref().is_some_and(|token| self.memory.drop_aged(token, now))
    }

    /// The service answered a refresh.
    pub(super) fn answered(
        &self,
        talk: Conversation,
        serving: Option<Arc<VerifiedJwt>>,
        answer: Answer,
        now: Timestamp,
    ) -> Step {
        // Signed out while the refresh was under way: what it brought is not stored.
        let meanwhile = talk.current.refresh_token.as_ref().and_then(|token| self.memory.refused(token, now));
        match (answer, meanwhile) {
            (Answer::Refused(code), _) | (Answer::Renewed(_), Some(code)) => {
                self.turned_down(talk, code, now)
            }
            (Answer::Renewed(material), None) => self.examine(talk, Stage::Renewed(material), now),
            (Answer::Failed(error), _) => match serving {
                Some(verified) if now < verified.claims.expires_at => self.accept(talk, verified, None, now),
                _ => self.fail(&talk, error),
            },
            (Answer::Keys | Answer::SignedOut | Answer::User(_) | Answer::Heard, _) => {
                self.fail(&talk, AuthError::unavailable(UnavailableCause::BrokenAnswer))
            }
        }
    }

    /// The current pair holds the session.
    fn accept(
        &self,
        talk: Conversation,
        verified: Arc<VerifiedJwt>,
        renewed: Option<Arc<AuthMaterial>>,
        now: Timestamp,
    ) -> Step {
        if renewed.is_none() && self.feed.withholds(now) {
            return self.fail(&talk, AuthError::unavailable(UnavailableCause::FeedStale));
        }
        let mut cookies = match self.cookies(&talk, &verified, renewed.as_deref(), now) {
            Ok(cookies) => cookies,
            Err(error) => return self.fail(&talk, AuthError::CookieNotWritable(error)),
        };
        let refresh_token = match &renewed {
            Some(material) => Some(material.refresh_token.clone()),
            None => talk.current.refresh_token.clone(),
        };
        let then = talk.landing.map(|landing| {
            let then = landing.arrive();
            cookies.extend(landing.used);
            then
        });
        Step::Done(Outcome { session: Ok(Session { verified, refresh_token, renewed }), cookies, then })
    }

    /// Ends without a session; the cookies that the service refused for good may go.
    pub(super) fn done_without(&self, talk: Conversation) -> Step {
        let mut cookies = SetCookies::default();
        if talk.navigation {
            self.clear(&mut cookies, &talk.refused, talk.loopback);
        }
        let then = talk.landing.map(|landing| {
            let then = landing.told(&talk.error);
            cookies.extend(landing.used);
            then
        });
        Step::Done(Outcome { session: Err(talk.error), cookies, then })
    }

    /// Ends with an error that says nothing against the cookies: they stay.
    pub(super) fn fail(&self, talk: &Conversation, error: AuthError) -> Step {
        let then = talk.landing.as_ref().map(|landing| landing.told(&error));
        Step::Done(Outcome { then, ..Outcome::of(Err(error)) })
    }

    fn cookies(
        &self,
        talk: &Conversation,
        verified: &VerifiedJwt,
        renewed: Option<&AuthMaterial>,
        now: Timestamp,
    ) -> Result<SetCookies, CookieNotWritable> {
        let mut cookies = SetCookies::default();
        let Some(scope) = talk.current.scope.filter(|_| talk.purpose != Purpose::Peek) else {
            return Ok(cookies);
        };
        if let Some(material) = renewed {
            // The same token back means a young session: its cookie is as it should be.
            let token_too = talk.current.refresh_token.as_ref() != Some(&material.refresh_token);
            let ends = (verified.claims.expires_at, token_too.then_some(material.refresh_expires_at));
            cookies = self.set_both(material, ends, (scope, talk.loopback), now)?;
        }
        if renewed.is_some() && talk.current.repeated {
            self.unshadow(&mut cookies, scope, talk.loopback);
        }
        self.clear(&mut cookies, &talk.superseded(scope), talk.loopback);
        Ok(cookies)
    }

    /// Writes the JWT's cookie, and the refresh token's if its end is given.
    pub(super) fn set_both(
        &self,
        material: &AuthMaterial,
        (jwt_ends, token_ends): (Timestamp, Option<Timestamp>),
        (scope, loopback): (Scope, bool),
        now: Timestamp,
    ) -> Result<SetCookies, CookieNotWritable> {
        let mut cookies = SetCookies::default();
        let mut set = |cookie, value: &str, expires| {
            let attributes = self.settings.cookies.attributes(cookie, scope, loopback);
            let expiry = Expiry::At { expires, now };
            cookie::set_cookie(self.name(cookie, scope), value, &attributes, expiry)
                .map(|value| cookies.push(&value))
        };
        set(AuthCookie::Jwt, material.jwt.reveal(), jwt_ends)?;
        if let Some(ends) = token_ends {
            set(AuthCookie::RefreshToken, material.refresh_token.reveal(), ends)?;
        }
        Ok(cookies)
    }

    /// Removes host-only twins of cookies that belong to a domain: left from a time before the option `domain` was
    /// set, they may be sent first, and then hide what is written now.
    fn unshadow(&self, cookies: &mut SetCookies, scope: Scope, loopback: bool) {
        for cookie in [AuthCookie::Jwt, AuthCookie::RefreshToken] {
            let attributes = self.settings.cookies.attributes(cookie, scope, loopback);
            let host_only = Attributes { domain: None, ..attributes };
            if attributes.domain.is_some()
                && let Ok(value) = cookie::clear_cookie(self.name(cookie, scope), &host_only)
            {
                cookies.push(&value);
            }
        }
    }

    /// Adds what removes both cookies of each pair.
    pub(super) fn clear(&self, cookies: &mut SetCookies, scopes: &[Scope], loopback: bool) {
        for &scope in scopes {
            for cookie in [AuthCookie::Jwt, AuthCookie::RefreshToken] {
                let attributes = self.settings.cookies.attributes(cookie, scope, loopback);
                // Names were checked with the options, and an empty value always fits.
                if let Ok(value) = cookie::clear_cookie(self.name(cookie, scope), &attributes) {
                    cookies.push(&value);
                }
            }
        }
    }

    fn name(&self, cookie: AuthCookie, scope: Scope) -> &str {
        match scope {
            Scope::Scoped => self.settings.scoped_names.of(cookie),
            Scope::Plain => self.settings.cookies.names().of(cookie),
        }
    }
}

impl Conversation {
    /// The pairs that this answer may remove, now that the pair of `accepted` holds the session.
    ///
    /// A new sign-in replaces what the browser held before. Otherwise only a top-level navigation clears, since the
    /// answer to a background request may land after a new sign-in: pairs refused for good, and the plain pair once
    /// the scoped one was accepted.
    fn superseded(&self, accepted: Scope) -> Vec<Scope> {
        let goes = |scope: &Scope| {
            *scope != accepted
                && (self.purpose == Purpose::Exchange
                    || (self.navigation && (self.refused.contains(scope) || accepted == Scope::Scoped)))
        };
        self.sent.iter().copied().filter(goes).collect()
    }
}
