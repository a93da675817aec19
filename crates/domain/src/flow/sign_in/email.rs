//! Sign-in by email: a code is sent, then entered.

use super::{AdmitError, admit};
use crate::{
    context::{Context, Ports},
    method::email::{self, InvalidEmail},
    model::{
        audit::{AuditEvent, AuditKind},
        challenge::{CodeRefused, EmailChallenge, EmailId, TooSoon, Tried},
        grant::ProjectGrant,
        limit::{Limit, LimitKey, Spent},
        project::Brand,
        refresh_token::mint_one_time_secret,
        user::Proof,
    },
    port::{
        ChallengeDecision, Clock as _, CodeMail, Entropy as _, MailError, Mailer as _, Store as _, StoreError,
    },
};
use authmint_protocol::{
    ErrorCode,
    secret::{EmailCode, OneTimeSecret},
    time::Timestamp,
};
use std::{sync::Arc, time::Duration};

/// Codes that one client may ask for: 30 at once (an office behind one address), then one every 20 s.
const SENDS_PER_CLIENT: Limit = Limit { period: Duration::from_secs(20), burst: 30 };
/// Codes that one project may ask for: 600 at once, then ten a second; protects the operator's standing as a sender.
const SENDS_PER_PROJECT: Limit = Limit { period: Duration::from_millis(100), burst: 600 };

/// A code is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendCodeError {
    /// The address is none.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// A code was sent a moment ago.
    #[error(transparent)]
    TooSoon(#[from] TooSoon),
    /// The client or the project has asked too often.
    #[error("too many codes were asked for; try again in {} s", .0.retry_after.as_secs().max(1))]
    Limited(Spent),
    /// The mail server did not take it.
    #[error("the mail could not be sent; try again in a moment")]
    Mail(#[from] MailError),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SendCodeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Email(_) => ErrorCode::EmailInvalid,
            Self::TooSoon(_) => ErrorCode::ResendTooSoon,
            Self::Limited(_) => ErrorCode::RateLimited,
            Self::Mail(_) => ErrorCode::MailUnavailable,
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }

    /// How long to wait before asking again, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooSoon(TooSoon { retry_after }) | Self::Limited(Spent { retry_after }) => {
                Some(*retry_after)
            }
            _ => None,
        }
    }
}

/// A code on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentCode {
    /// What binds the answer to the address: the same for every code sent to it.
    pub email_id: String,
    /// How long until another may be asked for.
    pub resend_after: Duration,
}

/// Sends a code to the address, in the first of the languages (as `Accept-Language` lists them) that there is.
///
/// The answer tells nothing of whether the user exists, in words or in time: both cases take the same path.
///
/// # Errors
/// [`SendCodeError`]; after any of them the code sent before, if there was one, is still good, but for
/// [`SendCodeError::Mail`], which has replaced it.
pub async fn send_code<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    typed: &str,
    languages: &str,
) -> Result<SentCode, SendCodeError> {
    let now = cx.clock.now();
    let project = grant.project();
    let address = email::normalise(typed)?;
    let email_id = email::email_id(&cx.key_ring, project.id, &address);
    if cx.limited {
        let limits = vec![
            (
                LimitKey::new("send-code/client", &format!("{}/{}", project.id, grant.from().as_str())),
                SENDS_PER_CLIENT,
            ),
            (LimitKey::new("send-code/project", &project.id.to_string()), SENDS_PER_PROJECT),
        ];
        cx.store.pay_limits(limits, now).await?.map_err(SendCodeError::Limited)?;
    }
    let (code, resend_after) = issue_code(cx, grant, email_id, now).await?;
    let mail = CodeMail {
        to: address.as_str().to_owned(),
        code,
        brand: Brand::of(project),
        languages: languages.to_owned(),
        valid_for: project.policy.code_ttl,
        at: now,
    };
    cx.mailer.send_code(mail).await?;
    Ok(SentCode { email_id: email::email_id_text(email_id), resend_after })
}

/// The `emailId` of an address, which is the same every time.
///
/// # Errors
/// [`InvalidEmail`].
pub fn email_id_of<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    typed: &str,
) -> Result<String, InvalidEmail> {
    let address = email::normalise(typed)?;
    Ok(email::email_id_text(email::email_id(&cx.key_ring, grant.project().id, &address)))
}

async fn issue_code<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    email_id: EmailId,
    now: Timestamp,
) -> Result<(EmailCode, Duration), SendCodeError> {
    let project_id = grant.project().id;
    let policy = grant.project().policy.clone();
    let code = email::code_from_random(u64::from_be_bytes(cx.entropy.draw()));
    let salt = cx.entropy.draw();
    let mac = email::code_mac(&cx.key_ring, &salt, email_id, &code);
    let limited = cx.limited;
    let issued = cx.store.decide_challenge(project_id, email_id, move |before: Option<&EmailChallenge>| {
        match EmailChallenge::issue(before, (project_id, email_id), (salt, mac), &policy, now, limited) {
            Ok(challenge) => {
                let wait = if limited { challenge.resend_wait() } else { Duration::ZERO };
                ChallengeDecision { put: Some(challenge), audit: None, answer: Ok(wait) }
            }
            Err(too_soon) => ChallengeDecision { put: None, audit: None, answer: Err(too_soon) },
        }
    });
    Ok((code, issued.await??))
}

/// A sign-in is not finished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticateError {
    /// The address is none.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// The code was not accepted.
    #[error(transparent)]
    Code(#[from] CodeRefused),
    /// The address was proven, but its user is not let in.
    #[error(transparent)]
    Admit(AdmitError),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdmitError> for AuthenticateError {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Store(error) => Self::Store(error),
            refused => Self::Admit(refused),
        }
    }
}

impl AuthenticateError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Email(_) => ErrorCode::EmailInvalid,
            Self::Code(refused) => refused.code(),
            Self::Admit(error) => error.code(),
            Self::Store(_) => ErrorCode::Unavailable,
        }
    }
}

/// What a person entered, and what the client says with it.
#[derive(Clone, Copy)]
pub struct EnteredCode<'r> {
    /// The address as typed and as a query string brought it: a `+` may have become a space.
    pub email: &'r str,
    /// The `emailId` of any code sent to this address; it binds the answer to the request.
    pub state: &'r str,
    /// The digits.
    pub token: &'r str,
}

/// Trades a code for a one-time secret.
///
/// # Errors
/// [`AuthenticateError`].
pub async fn authenticate<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    entered: EnteredCode<'_>,
) -> Result<OneTimeSecret, AuthenticateError> {
    let proof = prove(cx, grant, entered).await?;
    let now = proof.at;
    let (secret_id, _) = admit(cx, grant, proof, now).await?;
    Ok(mint_one_time_secret(&cx.key_ring, grant.project().id, secret_id))
}

/// Proves an address by the code that was sent to it.
///
/// The code is consumed before the user is looked up, so that a replay reaches nothing.
///
/// # Errors
/// [`AuthenticateError`].
pub(super) async fn prove<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    entered: EnteredCode<'_>,
) -> Result<Proof, AuthenticateError> {
    let now = cx.clock.now();
    let address = email::normalise(&email::restore_plus(entered.email))?;
    let email_id = email::email_id(&cx.key_ring, grant.project().id, &address);
    if !email::state_names(entered.state, email_id) {
        return Err(CodeRefused::Wrong.into());
    }
    let code = email::entered_code(entered.token).ok_or(CodeRefused::Wrong)?;
    consume_code(cx, grant, email_id, code, now).await?;
    Ok(email::proof(&address, now))
}

async fn consume_code<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    email_id: EmailId,
    code: EmailCode,
    now: Timestamp,
) -> Result<(), AuthenticateError> {
    let project_id = grant.project().id;
    let (ring, from, origin) = (Arc::clone(&cx.key_ring), grant.from().clone(), grant.user_origin());
    let decided =
        cx.store.decide_challenge(project_id, email_id, move |challenge: Option<&EmailChallenge>| {
            let tried = match challenge {
                Some(challenge) => {
                    challenge.try_code(&from, now, |salt| email::code_mac(&ring, salt, email_id, &code))
                }
                None => Tried { after: None, outcome: Err(CodeRefused::Wrong) },
            };
            let audit = tried.outcome.err().map(|refused| {
                AuditEvent::new(now, AuditKind::SignInFailed, Some(project_id), origin.clone())
                    .saying(refused.code().as_str())
            });
            ChallengeDecision { put: tried.after, audit, answer: tried.outcome }
        });
    Ok(decided.await??)
}
