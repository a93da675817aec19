//! Issuers that a project trusts: added, listed, removed, and held against a JWT.

use super::project::{self, ProjectError};
use crate::{
    context::{Context, Ports},
    method::issuer::{self as method, Row, Rules},
    model::{
        assertion::{self, Reuse},
        audit::{AuditEvent, AuditKind},
        grant::Management,
        issuer::{MOST_ISSUERS, TrustedIssuer, check_name},
    },
    port::{
        Clock as _, Entropy as _, IssuerChange, IssuerDecision, IssuerKeys as _, Outgoing as _,
        OutgoingError, Store as _, StoreError,
    },
};
use authmint_protocol::{
    ErrorCode,
    id::IssuerId,
    issuer::{IssuerTerms, KeyPlace, TermsFault},
    jwk::KeySet,
    secret::ForeignJwt,
    time::Timestamp,
    token::UnverifiedJwt,
    wire::issuer as wire,
};

/// What was asked of an issuer is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// No such issuer.
    #[error("this project trusts no such issuer; `authmint issuer list` shows those it does")]
    Unknown,
    /// What it is to be is outside the rules; each fault is named.
    #[error("{}", .0.join("\n"))]
    Terms(Vec<String>),
    /// The name is taken.
    #[error("this project trusts an issuer of this name already; remove it first, or take another name")]
    Taken,
    /// There are as many as there may be.
    #[error("a project may trust 20 issuers, and this one does; remove one first")]
    TooMany,
    /// The project.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IssuerError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::IssuerUnknown,
            Self::Terms(_) => ErrorCode::SettingsInvalid,
            Self::Taken | Self::TooMany => ErrorCode::Conflict,
            Self::Project(error) => error.code(),
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// The issuers that a project trusts, by name.
///
/// # Errors
/// [`IssuerError::Project`] if there is no such project.
pub async fn list<P: Ports>(cx: &Context<P>, grant: &Management) -> Result<Vec<TrustedIssuer>, IssuerError> {
    project::show(cx, grant).await?;
    Ok(cx.store.issuers(grant.project_id()).await?)
}

/// One of them.
///
/// # Errors
/// [`IssuerError::Unknown`] if the project trusts none of this ID.
pub async fn show<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    id: IssuerId,
) -> Result<TrustedIssuer, IssuerError> {
    let trusted = cx.store.issuers(grant.project_id()).await?;
    trusted.into_iter().find(|issuer| issuer.id == id).ok_or(IssuerError::Unknown)
}

/// Trusts one more issuer: from now on whoever it vouches for is a user.
///
/// # Errors
/// [`IssuerError`]; all faults of the terms at once.
pub async fn add<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    name: String,
    (terms, reuse): (IssuerTerms, Reuse),
) -> Result<TrustedIssuer, IssuerError> {
    check(cx, &name, &terms)?;
    project::show(cx, grant).await?;
    let (now, project_id) = (cx.clock.now(), grant.project_id());
    let id = IssuerId::drawn(now, cx.entropy.draw());
    let issuer = TrustedIssuer { id, project_id, name, terms, reuse, created_at: now };
    let line = line(&issuer, AuditKind::IssuerAdded, grant, now);
    let decide = move |trusted: &[TrustedIssuer]| {
        let refused = match () {
            () if trusted.iter().any(|known| known.name == issuer.name) => IssuerError::Taken,
            () if trusted.len() >= MOST_ISSUERS => IssuerError::TooMany,
            () => {
                let change = Some((IssuerChange::Add(Box::new(issuer.clone())), line.clone()));
                return IssuerDecision { change, answer: Ok(issuer.clone()) };
            }
        };
        IssuerDecision { change: None, answer: Err(refused) }
    };
    cx.store.decide_issuers(project_id, decide).await?
}

/// Stops trusting an issuer: no JWT of it is traded from now on. Users and sessions that it brought stay.
///
/// # Errors
/// [`IssuerError::Unknown`] if the project trusts none of this ID.
pub async fn remove<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    id: IssuerId,
) -> Result<TrustedIssuer, IssuerError> {
    let (now, grant_of_line) = (cx.clock.now(), grant.clone());
    let decide = move |trusted: &[TrustedIssuer]| match trusted.iter().find(|known| known.id == id) {
        None => IssuerDecision { change: None, answer: Err(IssuerError::Unknown) },
        Some(issuer) => {
            let line = line(issuer, AuditKind::IssuerRemoved, &grant_of_line, now);
            IssuerDecision { change: Some((IssuerChange::Remove(id), line)), answer: Ok(issuer.clone()) }
        }
    };
    cx.store.decide_issuers(grant.project_id(), decide).await?
}

/// How a JWT fares with one issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The issuer; none: the project trusts none that the JWT could be of.
    pub issuer: Option<TrustedIssuer>,
    /// Whether the JWT would be traded now.
    pub accepted: bool,
    /// Every rule, in the order in which they are asked.
    pub rows: Vec<Row>,
}

/// Holds a JWT against every rule of one issuer, or of the one that the JWT names. It is not used up, and nobody is signed in.
///
/// # Errors
/// [`IssuerError::Unknown`] if the project trusts no such issuer.
pub async fn test<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    id: Option<IssuerId>,
    token: &ForeignJwt,
) -> Result<Tested, IssuerError> {
    let (now, trusted) = (cx.clock.now(), list(cx, grant).await?);
    let issuer = match id {
        Some(id) => trusted.into_iter().find(|issuer| issuer.id == id).ok_or(IssuerError::Unknown)?,
        None => match named(trusted, token) {
            Ok(issuer) => issuer,
            Err(row) => return Ok(Tested { issuer: None, accepted: false, rows: vec![row] }),
        },
    };
    let rules = Rules::of(&issuer.terms).map_err(|faults| terms(&faults))?;
    let keys = match UnverifiedJwt::parse(token.reveal()) {
        Ok(jwt) => {
            let source = rules.key_source(issuer.project_id);
            cx.issuer_keys.find(&source, jwt.kid(), now).await.map_err(|error| error.to_string())
        }
        // What has no form asks for no key.
        Err(_) => Ok(KeySet::default()),
    };
    let mut rows = rules.report(token.reveal(), keys.as_ref().map_err(Clone::clone), now);
    rows.push(replay(cx, &issuer, token).await?);
    let accepted = rows.iter().all(|row| row.passed == Some(true));
    Ok(Tested { issuer: Some(issuer), accepted, rows })
}

impl Tested {
    /// The test's outcome as managers see it.
    #[must_use]
    pub fn to_wire(&self) -> wire::IssuerReport {
        let rule = |row: &Row| wire::IssuerRule {
            rule: row.rule.to_owned(),
            passed: row.passed,
            expected: row.expected.clone(),
            found: row.found.clone(),
            change: row.change.clone(),
        };
        wire::IssuerReport {
            issuer_id: self.issuer.as_ref().map(|issuer| issuer.id.to_string()),
            name: self.issuer.as_ref().map(|issuer| issuer.name.clone()),
            accepted: self.accepted,
            rules: self.rows.iter().map(rule).collect(),
        }
    }
}

/// The issuer that a JWT names, or the rule by which it is of none.
fn named(trusted: Vec<TrustedIssuer>, token: &ForeignJwt) -> Result<TrustedIssuer, Row> {
    let expected = "a JWT of an issuer that the project trusts".to_owned();
    let broken = |rule, found, change: &str| Row {
        rule,
        passed: Some(false),
        expected: expected.clone(),
        found,
        change: change.to_owned(),
    };
    let claimed = method::claimed(token.reveal())
        .map_err(|invalid| broken(invalid.rule, invalid.why, "send the token as its issuer gave it"))?;
    let mut best: Option<(bool, TrustedIssuer)> = None;
    for issuer in trusted {
        let Ok(rules) = Rules::of(&issuer.terms) else { continue };
        if rules.may_have_signed(&claimed) && best.as_ref().is_none_or(|(knows, _)| !knows) {
            best = Some((rules.knows_audience(&claimed), issuer));
        }
    }
    best.map(|(_, issuer)| issuer).ok_or_else(|| {
        let found = format!("iss {:?}", claimed.issuer);
        broken("issuer", found, "add this issuer, or name the one to hold the JWT against")
    })
}

async fn replay<P: Ports>(
    cx: &Context<P>,
    issuer: &TrustedIssuer,
    token: &ForeignJwt,
) -> Result<Row, IssuerError> {
    let traded = cx.store.traded(issuer.project_id, assertion::hash(token.reveal())).await?;
    let expected = match issuer.reuse {
        Reuse::Never => "a JWT that was not traded before",
        Reuse::UntilExp => "anything: reuse is until_exp",
    };
    let found = match traded {
        None => "it was not".to_owned(),
        Some(traded) => {
            format!("it was traded at {} for session {}", traded.at.to_iso8601(), traded.session_id)
        }
    };
    let passed = traded.is_none() || issuer.reuse == Reuse::UntilExp;
    let change = if passed { "" } else { "get a new one from its issuer, or set reuse to until_exp" };
    Ok(Row {
        rule: "replay",
        passed: Some(passed),
        expected: expected.to_owned(),
        found,
        change: change.to_owned(),
    })
}

fn check<P: Ports>(cx: &Context<P>, name: &str, asked: &IssuerTerms) -> Result<(), IssuerError> {
    let mut faults: Vec<String> = check_name(name).err().map(|fault| fault.to_string()).into_iter().collect();
    match Rules::of(asked) {
        Err(found) => faults.extend(found.iter().map(TermsFault::to_string)),
        Ok(rules) => {
            let (setting, url) = match rules.place() {
                KeyPlace::KeySet(url) => ("jwks_uri", url),
                KeyPlace::Discovery(url) => ("issuer", url),
            };
            if let Err(OutgoingError::NotReachable { why, .. }) = cx.outgoing.url(url) {
                faults.push(format!("{setting} {why}"));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(IssuerError::Terms(faults)) }
}

fn terms(faults: &[TermsFault]) -> IssuerError {
    IssuerError::Terms(faults.iter().map(TermsFault::to_string).collect())
}

fn line(issuer: &TrustedIssuer, kind: AuditKind, grant: &Management, now: Timestamp) -> AuditEvent {
    let event = AuditEvent::new(now, kind, Some(issuer.project_id), grant.origin().clone());
    event.saying(format!("{} {}", issuer.name, issuer.id))
}
