//! The start of a conversation: a request whose JWT was seen before is answered here, and most are.

use super::{
    Guard, call::Call, landing::Landing, outcome::Outcome, request::RequestHead, revocation::Standing,
};
use crate::{
    error::AuthError,
    session::{AuthMaterial, Session, Source, VerifiedJwt},
};
use authmint_protocol::{
    ErrorCode,
    cookie::{CookiePair, Scope},
    refresh_token::UnverifiedRefresh,
    secret::{OneTimeSecret, RefreshToken, SessionJwt},
    time::Timestamp,
    token::{PendingJwt, SignatureCheck},
};
use std::sync::Arc;

/// What a conversation does next.
pub enum Step {
    /// It is over.
    Done(Outcome),
    /// It needs the service's answer to a call.
    Send(Call, AwaitsAnswer),
    /// It needs to know whether a signature holds.
    Check(AwaitsSignature),
}

/// A conversation that waits for the answer to a call.
pub struct AwaitsAnswer {
    pub(super) talk: Conversation,
    pub(super) question: Question,
}

/// A conversation that waits for a signature check.
pub struct AwaitsSignature {
    pub(super) talk: Conversation,
    pub(super) stage: Stage,
    pub(super) jwt: PendingJwt,
    pub(super) keys_version: u64,
}

impl AwaitsSignature {
    /// What the host must answer.
    #[must_use]
    pub const fn check(&self) -> &SignatureCheck {
        self.jwt.check()
    }
}

/// What the answer is wanted for.
pub(super) enum Question {
    /// Keys, to go on with this stage.
    Keys(Stage),
    /// A refresh; the JWT is one that still holds and serves if the service fails.
    Refresh(Option<Arc<VerifiedJwt>>),
}

/// Whose JWT is being examined.
pub(super) enum Stage {
    /// The one that the request brought, and who is said to have made it.
    Presented(Source),
    /// The one that the service just made.
    Renewed(Arc<AuthMaterial>),
}

impl Stage {
    /// Whose keys vouch for it.
    pub(super) const fn source(&self) -> Source {
        match self {
            Self::Presented(source) => *source,
            Self::Renewed(_) => Source::Service,
        }
    }
}

/// Why the conversation is held.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To serve a request.
    Serve,
    /// To look without changing anything.
    Peek,
    /// To renew the session, however long its JWT may last.
    Renew,
    /// To trade a one-time secret for a first session.
    Exchange,
}

/// All that a conversation knows of its request.
pub(super) struct Conversation {
    pub(super) purpose: Purpose,
    pub(super) navigation: bool,
    pub(super) prefetch: bool,
    pub(super) loopback: bool,
    /// Which pairs the request carried.
    pub(super) sent: Vec<Scope>,
    /// Pairs not tried yet, the next one last.
    pub(super) waiting: Vec<Candidate>,
    pub(super) current: Candidate,
    /// Pairs that the service refused for good.
    pub(super) refused: Vec<Scope>,
    pub(super) error: AuthError,
    /// Where the person lands whose sign-in this is.
    pub(super) landing: Option<Landing>,
}

/// One pair that may hold the session.
#[derive(Clone, Default)]
pub(super) struct Candidate {
    /// Whose cookies they are; none if the app handed the material in.
    pub(super) scope: Option<Scope>,
    pub(super) jwt: Option<SessionJwt>,
    pub(super) refresh_token: Option<RefreshToken>,
    /// A name came twice: another cookie of it, of another domain, shadows or is shadowed.
    pub(super) repeated: bool,
}

impl Guard {
    /// Begins to serve a request to the app.
    pub fn begin<'a>(&self, head: impl Into<RequestHead<'a>>, now: Timestamp) -> Step {
        self.start(head.into(), Purpose::Serve, now)
    }

    /// The hot path alone, for hosts to which a whole head is dear: a JWT that was verified before, in a request with
    /// one pair and nothing due. Nothing says nothing: [`begin`](Self::begin) then decides.
    #[must_use]
    pub fn recognise(&self, cookies: &[u8], now: Timestamp) -> Option<Session> {
        let names = [&self.settings.scoped_names, self.settings.cookies.names()];
        let pair = the_only(CookiePair::read_each([cookies], names))?;
        // Whether the session is renewed ahead of time depends on the rest of the head.
        self.known(pair, now, || true)
    }

    /// Begins a look that changes nothing: for code that cannot set cookies. It never refreshes.
    pub fn begin_peek<'a>(&self, head: impl Into<RequestHead<'a>>, now: Timestamp) -> Step {
        self.start(head.into(), Purpose::Peek, now)
    }

    /// Begins with material that the app handed in instead of a request; no cookies come of it. A JWT alone may be that of
    /// another issuer whom the app trusts.
    pub fn begin_with(
        &self,
        jwt: Option<SessionJwt>,
        refresh_token: Option<RefreshToken>,
        now: Timestamp,
    ) -> Step {
        let foreign = jwt.as_ref().filter(|_| refresh_token.is_none());
        if let Some(step) = foreign.and_then(|jwt| self.examine_foreign(jwt.reveal(), Purpose::Serve, now)) {
            return step;
        }
        let talk =
            Conversation::bare(Purpose::Serve, Candidate { jwt, refresh_token, ..Candidate::default() });
        self.judge(talk, now)
    }

    /// Begins a renewal that the app's own page asked for: with the token in its message, else with its cookies.
    pub fn begin_renewal<'a>(
        &self,
        head: impl Into<RequestHead<'a>>,
        presented: Option<RefreshToken>,
        now: Timestamp,
    ) -> Step {
        let Some(token) = presented else {
            return self.start(head.into(), Purpose::Renew, now);
        };
        // Existing browser clients send both kinds to the same route.
        if let Ok(UnverifiedRefresh::OneTime(..)) = UnverifiedRefresh::parse(token.reveal()) {
            return self.begin_exchange(head, &OneTimeSecret::new(token.reveal().to_owned()), now);
        }
        let mut talk = self.conversation(head.into(), Purpose::Renew);
        let known = |candidate: &&Candidate| candidate.refresh_token.as_ref() == Some(&token);
        let scope =
            talk.waiting.iter().find(known).and_then(|candidate| candidate.scope).unwrap_or(Scope::Plain);
        talk.waiting =
            vec![Candidate { scope: Some(scope), refresh_token: Some(token), ..Candidate::default() }];
        self.next(talk, now)
    }

    /// Begins the trade of a one-time secret for a session, which is stored under the plain names.
    pub fn begin_exchange<'a>(
        &self,
        head: impl Into<RequestHead<'a>>,
        secret: &OneTimeSecret,
        now: Timestamp,
    ) -> Step {
        let mut talk = self.conversation(head.into(), Purpose::Exchange);
        let token = RefreshToken::new(secret.reveal().to_owned());
        talk.waiting =
            vec![Candidate { scope: Some(Scope::Plain), refresh_token: Some(token), ..Candidate::default() }];
        self.next(talk, now)
    }

    /// Begins to store material that the app got by other means; it is verified first.
    pub fn begin_store<'a>(
        &self,
        head: impl Into<RequestHead<'a>>,
        material: AuthMaterial,
        now: Timestamp,
    ) -> Step {
        let mut talk = self.conversation(head.into(), Purpose::Exchange);
        talk.current = Candidate { scope: Some(Scope::Plain), ..Candidate::default() };
        talk.waiting.clear();
        self.examine(talk, Stage::Renewed(Arc::new(material)), now)
    }

    fn start(&self, head: RequestHead<'_>, purpose: Purpose, now: Timestamp) -> Step {
        if purpose != Purpose::Renew
            && let Some(step) = self.begin_foreign(head, purpose, now)
        {
            return step;
        }
        let pairs = self.pairs(head);
        // Two pairs may need a cookie cleared; everything else about a known JWT is decided here.
        if purpose != Purpose::Renew
            && let Some(pair) = the_only(pairs)
        {
            let may_renew = || purpose != Purpose::Peek && !head.is_prefetch();
            if let Some(session) = self.known(pair, now, may_renew) {
                return Step::Done(Outcome::of(Ok(session)));
            }
        }
        self.next(Conversation::about(head, pairs, purpose), now)
    }

    /// A JWT that was verified before, in a pair that needs nothing done.
    fn known(
        &self,
        pair: CookiePair<'_>,
        now: Timestamp,
        may_renew: impl FnOnce() -> bool,
    ) -> Option<Session> {
        let verified = self.verified.get(pair.jwt?, self.keys.version(), now)?;
        let early = now >= verified.refresh_from && pair.refresh_token.is_some();
        if self.ended.standing(&verified) != Standing::Clear
            || self.feed.withholds(now)
            || !same_session(&verified, pair.refresh_token)
            || (early && may_renew() && !self.memory.service_rests(now))
        {
            return None;
        }
        let refresh_token = pair.refresh_token.map(|token| RefreshToken::new(token.to_owned()));
        Some(Session { verified, refresh_token, renewed: None })
    }

    /// The scoped and the plain pair.
    pub(super) fn pairs<'a>(&self, head: RequestHead<'a>) -> [CookiePair<'a>; 2] {
        head.cookies([&self.settings.scoped_names, self.settings.cookies.names()])
    }

    pub(super) fn conversation(&self, head: RequestHead<'_>, purpose: Purpose) -> Conversation {
        Conversation::about(head, self.pairs(head), purpose)
    }

    /// Goes on with the next pair, or ends if there is none.
    pub(super) fn next(&self, mut talk: Conversation, now: Timestamp) -> Step {
        match talk.waiting.pop() {
            Some(candidate) => {
                talk.current = candidate;
                self.judge(talk, now)
            }
            None => self.done_without(talk),
        }
    }

    /// Decides what the current pair is worth.
    fn judge(&self, talk: Conversation, now: Timestamp) -> Step {
        if talk.current.jwt.is_some() && talk.purpose != Purpose::Renew {
            return self.examine(talk, Stage::Presented(Source::Service), now);
        }
        self.renew(talk, None, now)
    }

    /// Renews the session of the current pair; `serving` is a JWT that serves if that fails.
    pub(super) fn renew(
        &self,
        mut talk: Conversation,
        serving: Option<Arc<VerifiedJwt>>,
        now: Timestamp,
    ) -> Step {
        let Some(token) = &talk.current.refresh_token else {
            return self.next(talk, now);
        };
        if talk.purpose == Purpose::Peek {
            talk.note(AuthError::RefreshNeeded);
            return self.next(talk, now);
        }
        if let Some(code) = self.memory.refused(token, now) {
            return self.turned_down(talk, code, now);
        }
        if let Some(answer) = self.memory.kept(token, now) {
            return self.answered(talk, serving, answer, now);
        }
        let call = self.call_refresh(token, now);
        Step::Send(call, AwaitsAnswer { talk, question: Question::Refresh(serving) })
    }

    /// The service refused the current pair's token.
    pub(super) fn turned_down(&self, mut talk: Conversation, code: ErrorCode, now: Timestamp) -> Step {
        if talk.purpose == Purpose::Exchange {
            talk.error = AuthError::SignInRefused { code };
        } else if code.is_terminal() {
            talk.note(AuthError::SessionEnded { code });
            talk.refused.extend(talk.current.scope);
        }
        self.next(talk, now)
    }
}

impl Conversation {
    fn about(head: RequestHead<'_>, [scoped, plain]: [CookiePair<'_>; 2], purpose: Purpose) -> Self {
        let pairs = [(Scope::Plain, plain), (Scope::Scoped, scoped)];
        let present = pairs.iter().filter(|(_, pair)| !pair.is_empty());
        Self {
            navigation: head.is_navigation(),
            prefetch: head.is_prefetch(),
            loopback: head.is_loopback(),
            sent: present.clone().map(|(scope, _)| *scope).collect(),
            waiting: present.map(|(scope, pair)| Candidate::of(*scope, *pair)).collect(),
            ..Self::bare(purpose, Candidate::default())
        }
    }

    pub(super) fn bare(purpose: Purpose, current: Candidate) -> Self {
        Self {
            purpose,
            current,
            navigation: false,
            prefetch: false,
            loopback: false,
            sent: Vec::new(),
            waiting: Vec::new(),
            refused: Vec::new(),
            error: AuthError::NotSignedIn,
            landing: None,
        }
    }

    /// Notes why a pair was of no use; the first reason is the one that is told.
    pub(super) fn note(&mut self, error: AuthError) {
        if matches!(self.error, AuthError::NotSignedIn) {
            self.error = error;
        }
    }
}

impl Candidate {
    fn of(scope: Scope, pair: CookiePair<'_>) -> Self {
        Self {
            scope: Some(scope),
            jwt: pair.jwt.map(|jwt| SessionJwt::new(jwt.to_owned())),
            refresh_token: pair.refresh_token.map(|token| RefreshToken::new(token.to_owned())),
            repeated: pair.repeated,
        }
    }
}

/// The one pair that came, if it was one.
fn the_only([scoped, plain]: [CookiePair<'_>; 2]) -> Option<CookiePair<'_>> {
    match (scoped.is_empty(), plain.is_empty()) {
        (true, _) => Some(plain),
        (false, true) => Some(scoped),
        (false, false) => None,
    }
}

/// Whether JWT and refresh token may be of one session: unless both say otherwise.
pub(super) fn same_session(verified: &VerifiedJwt, refresh_token: Option<&str>) -> bool {
    let of_token = refresh_token.and_then(|token| match UnverifiedRefresh::parse(token) {
        Ok(UnverifiedRefresh::Token(claims, _)) => Some(claims.session_id),
        _ => None,
    });
    match (of_token, verified.claims.session_id) {
        (Some(of_token), Some(of_jwt)) => of_token == of_jwt,
        _ => true,
    }
}
