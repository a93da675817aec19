//! Exchange: a JWT of an issuer that the project trusts is traded for a session (the parameters are those of RFC 8693).

use crate::{
    context::{Context, Ports},
    flow::refresh::{AuthMaterial, RefreshError, material, signing_key},
    method::issuer::{self, AssertionInvalid, Rules, Verified},
    model::{
        assertion::{self, Assertion, TradeDecision, TradeRefused},
        grant::ProjectGrant,
        issuer::TrustedIssuer,
        limit::{Limit, LimitKey, Spent},
        one_time_secret::{NewSession, first_reply},
        project::Scope,
        session::Device,
    },
    port::{
        Clock as _, Entropy as _, IssuerKeys as _, IssuerKeysError, KeySource, Store as _, StoreError, Trade,
    },
};
use authmint_protocol::{
    ErrorCode,
    api_key::Usage,
    id::{ProjectId, SessionId, UserId},
    secret::ForeignJwt,
    time::Timestamp,
};
use std::time::Duration;

/// Trades that one client may make with a client key: 60 at once (an office behind one address), then one a second.
const TRADES_PER_CLIENT: Limit = Limit { period: Duration::from_secs(1), burst: 60 };
/// Trades that one project may make: 3,000 at once, then a hundred a second.
const TRADES_PER_PROJECT: Limit = Limit { period: Duration::from_millis(10), burst: 3000 };
/// For how much longer than it verifies a JWT is remembered: clocks of replicas differ.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);

/// A JWT is not traded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The project trusts no issuer that the JWT, or the caller, names.
    #[error(
        "this project trusts no issuer {0:?}; `authmint issuer list` shows those it does, and `authmint issuer test` \
         says more about a JWT"
    )]
    NotTrusted(String),
    /// The JWT does not verify.
    #[error(transparent)]
    Invalid(#[from] AssertionInvalid),
    /// The issuer's keys cannot be had.
    #[error("the keys of this JWT's issuer cannot be had now; try again in a moment")]
    Keys(#[from] IssuerKeysError),
    /// The trade is refused.
    #[error(transparent)]
    Refused(#[from] TradeRefused),
    /// Too many were asked for.
    #[error("too many JWTs were traded; try again in {} s", .0.retry_after.as_secs().max(1))]
    Limited(Spent),
    /// The tokens cannot be made now.
    #[error(transparent)]
    Material(#[from] RefreshError),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ExchangeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotTrusted(_) => ErrorCode::IssuerNotTrusted,
            Self::Invalid(_) => ErrorCode::AssertionInvalid,
            Self::Keys(_) => ErrorCode::IssuerUnavailable,
            Self::Refused(refused) => refused.code(),
            Self::Limited(_) => ErrorCode::RateLimited,
            Self::Material(error) => error.code(),
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// The issuers that a project trusts, with their rules read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted(Vec<Candidate>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    issuer: TrustedIssuer,
    rules: Rules,
    source: KeySource,
}

/// Reads the issuers that a project trusts; what is read may be kept for a moment, since a trade asks again whether its issuer is still trusted.
///
/// # Errors
/// [`StoreError`].
pub async fn trusted<P: Ports>(cx: &Context<P>, project_id: ProjectId) -> Result<Trusted, StoreError> {
    let candidate = |issuer: TrustedIssuer| {
        let rules = Rules::of(&issuer.terms).ok()?;
        let source = rules.key_source(project_id);
        Some(Candidate { issuer, rules, source })
    };
    Ok(Trusted(cx.store.issuers(project_id).await?.into_iter().filter_map(candidate).collect()))
}

/// Trades a JWT of one of the issuers for auth material; `named` is the issuer that the caller names, by its name in the
/// project.
///
/// # Errors
/// [`ExchangeError`]; the JWT was used up only if it was traded.
pub async fn exchange<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    trusted: &Trusted,
    (token, named): (&ForeignJwt, Option<&str>),
    device: Device,
) -> Result<AuthMaterial, ExchangeError> {
    let now = cx.clock.now();
    let project = grant.project();
    let (candidate, kid) = trusted.choose(token, named)?;
    let verified = verify(cx, candidate, (token, kid), now).await?;
    verified.issued_since(project.not_before)?;
    let key = signing_key(cx, grant, now).await?;
    let issuer = &candidate.issuer;
    let assertion = Assertion {
        project_id: project.id,
        issuer_id: issuer.id,
        hash: assertion::hash(token.reveal()),
        expires_at: verified.expires_at.after(REMEMBERED_FOR),
        reuse: issuer.reuse,
    };
    let decided = trade(cx, grant, (assertion, issuer, &verified), device, now).await?;
    let reply = match decided {
        TradeDecision::Open { session, .. } => first_reply(*session, now),
        TradeDecision::Repeat(reply) => *reply,
        TradeDecision::Refuse(refused) => return Err(refused.into()),
    };
    Ok(material(cx, grant, &key, reply)?)
}

impl Trusted {
    /// The issuer that the JWT names, and the key that it wants; what the caller names must be the same.
    fn choose(
        &self,
        token: &ForeignJwt,
        named: Option<&str>,
    ) -> Result<(&Candidate, Option<String>), ExchangeError> {
        if let Some(name) = named {
            let found = self.0.iter().find(|candidate| candidate.issuer.name == name);
            let candidate = found.ok_or_else(|| ExchangeError::NotTrusted(printable(name)))?;
            return Ok((candidate, issuer::claimed(token.reveal()).ok().and_then(|claimed| claimed.kid)));
        }
        let claimed = issuer::claimed(token.reveal())?;
        let fitting = || self.0.iter().filter(|candidate| candidate.rules.may_have_signed(&claimed));
        // Two entries of one issuer differ in audience; the first by name that knows the JWT's speaks for it.
        let best =
            fitting().find(|candidate| candidate.rules.knows_audience(&claimed)).or_else(|| fitting().next());
        let candidate = best.ok_or_else(|| ExchangeError::NotTrusted(printable(&claimed.issuer)))?;
        Ok((candidate, claimed.kid))
    }
}

async fn verify<P: Ports>(
    cx: &Context<P>,
    Candidate { rules, source, .. }: &Candidate,
    (token, kid): (&ForeignJwt, Option<String>),
    now: Timestamp,
) -> Result<Verified, ExchangeError> {
    if let Some(keys) = cx.issuer_keys.at_hand(source, kid.as_deref(), now) {
        return Ok(rules.verify(token.reveal(), &keys, now)?);
    }
    // Before its keys are asked for: no refused form makes the service call anybody.
    let kid = rules.kid(token.reveal(), now)?;
    let keys = cx.issuer_keys.find(source, kid.as_deref(), now).await?;
    Ok(rules.verify(token.reveal(), &keys, now)?)
}

async fn trade<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    (assertion, issuer, verified): (Assertion, &TrustedIssuer, &Verified),
    device: Device,
    now: Timestamp,
) -> Result<TradeDecision, ExchangeError> {
    let policy = grant.project().policy.clone();
    let create = grant.has(Scope::UsersCreate).then(|| UserId::drawn(now, cx.entropy.draw()));
    let id = SessionId::drawn(now, cx.entropy.draw());
    let new = NewSession { id, device, from: Some(grant.from().clone()) };
    let proof = verified.proof(issuer, now);
    let asked = Trade {
        assertion: assertion.clone(),
        proof: proof.clone(),
        limits: if cx.limited { limits(grant) } else { Vec::new() },
        now,
        origin: grant.user_origin(),
    };
    let decide = move |facts: assertion::TradeFacts<'_>| {
        assertion.trade(facts, (&proof, create), new.clone(), &policy, now)
    };
    cx.store.trade(asked, decide).await?.map_err(ExchangeError::Limited)
}

/// An app's server trades for all of its users, so it is counted as the project alone.
fn limits(grant: &ProjectGrant) -> Vec<(LimitKey, Limit)> {
    let project = grant.project().id.to_string();
    let mut limits = vec![(LimitKey::new("exchange/project", &project), TRADES_PER_PROJECT)];
    if grant.usage() == Usage::Client {
        let client = format!("{project}/{}", grant.from().as_str());
        limits.push((LimitKey::new("exchange/client", &client), TRADES_PER_CLIENT));
    }
    limits
}

/// What a stranger may contribute to an error text.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
