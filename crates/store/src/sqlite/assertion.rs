//! Assertions: JWTs of other issuers that were traded for sessions.

use super::{audit, issuer, limit, query, session, user};
use crate::{error::Fault, row::assertion::read};
use authmint_domain::{
    model::{
        assertion::{TradeDecision, TradeFacts, TradeRefused, Traded},
        audit::{AuditEvent, AuditKind},
        limit::Spent,
        session::{Session, SessionUser},
        user::{User, UserDisabled},
    },
    port::Trade,
};
use authmint_protocol::id::{ProjectId, SessionId, UserId};
use rusqlite::{Connection, params};

/// Pays the limits, decides a trade, and opens the session with all that belongs to it.
pub(super) fn trade(
    tx: &Connection,
    trade: &Trade,
    decide: &impl Fn(TradeFacts<'_>) -> TradeDecision,
) -> Result<Result<TradeDecision, Spent>, Fault> {
    let Trade { assertion, proof, .. } = trade;
    if let Err(spent) = limit::pay(tx, &trade.limits, trade.now)? {
        return Ok(Err(spent));
    }
    let traded = load(tx, assertion.project_id, &assertion.hash)?;
    let opened = match traded {
        Some(Traded { session_id, .. }) => session::load(tx, session_id)?,
        None => None,
    };
    let known = user::proven(tx, assertion.project_id, proof)?;
    let decision = decide(TradeFacts {
        trusted: issuer::is_trusted(tx, assertion.project_id, assertion.issuer_id)?,
        traded,
        opened: opened.as_ref(),
        user: known.as_ref(),
    });
    match &decision {
        TradeDecision::Open { session, new_user } => open(tx, trade, session, *new_user)?,
        TradeDecision::Refuse(TradeRefused::Used) => {
            let user = known.map(|user| user.id);
            let line = line(trade, AuditKind::AssertionReused, user, traded.map(|traded| traded.session_id));
            audit::record(tx, &line)?;
        }
        TradeDecision::Refuse(TradeRefused::Disabled(UserDisabled)) => {
            let line = line(trade, AuditKind::SignInFailed, known.map(|user| user.id), None);
            audit::record(tx, &line.saying(UserDisabled.code().as_str()))?;
        }
        TradeDecision::Refuse(_) | TradeDecision::Repeat(_) => {}
    }
    Ok(Ok(decision))
}

fn open(tx: &Connection, trade: &Trade, session: &Session, new_user: bool) -> Result<(), Fault> {
    // A repeated trade of a JWT that may be reused replaces what is known of the one before.
    const UPSERT: &str = "INSERT INTO assertions (project_id, hash, traded_at, session_id, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (project_id, hash)
        DO UPDATE SET traded_at = excluded.traded_at, session_id = excluded.session_id";
    let Trade { assertion, proof, now, .. } = trade;
    if new_user {
        let SessionUser { id, email } = session.user.clone();
        user::create(tx, &User::new(id, session.project_id, email, session.created_at), proof)?;
        audit::record(tx, &line(trade, AuditKind::UserCreated, Some(session.user.id), None))?;
    }
    session::insert(tx, session)?;
    tx.prepare_cached(UPSERT)?.execute(params![
        assertion.project_id.as_bytes(),
        assertion.hash,
        now.unix_millis(),
        session.id.as_bytes(),
        assertion.expires_at.unix_millis(),
    ])?;
    for kind in [AuditKind::SignedIn, AuditKind::SessionOpened] {
        audit::record(tx, &line(trade, kind, Some(session.user.id), Some(session.id)))?;
    }
    Ok(())
}

pub(super) fn load(db: &Connection, project_id: ProjectId, hash: &[u8; 32]) -> Result<Option<Traded>, Fault> {
    const SELECT: &str = "SELECT traded_at, session_id FROM assertions WHERE project_id = ?1 AND hash = ?2";
    query::one(db, SELECT, (project_id.as_bytes(), hash), |row| read(row, hash))
}

fn line(
    trade: &Trade,
    kind: AuditKind,
    user_id: Option<UserId>,
    session_id: Option<SessionId>,
) -> AuditEvent {
    let project_id = Some(trade.assertion.project_id);
    let line = AuditEvent::new(trade.now, kind, project_id, trade.origin.clone());
    AuditEvent { user_id, session_id, ..line }.saying(trade.proof.method.clone())
}
