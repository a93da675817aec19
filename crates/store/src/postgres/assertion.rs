//! Assertions: JWTs of other issuers that were traded for sessions.

use super::{audit, database::Database, issuer, limit, query::Key, session, transaction::Tx, user};
use crate::{error::Fault, row::assertion::read};
use authmint_domain::{
    model::{
        assertion::{TradeDecision, TradeFacts, TradeRefused, Traded},
        audit::{AuditEvent, AuditKind},
        limit::Spent,
        session::{Session, SessionUser},
        user::{User, UserDisabled},
    },
    port::{StoreError, Trade},
};
use authmint_protocol::id::{ProjectId, SessionId, UserId};

/// Pays the limits, decides a trade, and opens the session with all that belongs to it.
pub(super) async fn trade(
    tx: &Tx<'_>,
    trade: &Trade,
    decide: &(impl Fn(TradeFacts<'_>) -> TradeDecision + Sync),
) -> Result<Result<TradeDecision, Spent>, Fault> {
    const LOCK: &str = "SELECT traded_at, session_id FROM assertions
        WHERE project_id = $1 AND hash = $2 FOR UPDATE";
    let Trade { assertion, proof, .. } = trade;
    if let Err(spent) = limit::pay(tx, &trade.limits, trade.now).await? {
        return Ok(Err(spent));
    }
    let project_id = assertion.project_id;
    let known = user::proven(tx, project_id, proof).await?;
    let hash = assertion.hash;
    let traded = tx.one(LOCK, &[&project_id.key(), &&hash[..]], |row| read(row, &hash)).await?;
    let opened = match traded {
        Some(Traded { session_id, .. }) => session::seen(tx, session_id).await?,
        None => None,
    };
    let trusted = issuer::is_trusted(tx, project_id, assertion.issuer_id).await?;
    let decision = decide(TradeFacts { trusted, traded, opened: opened.as_ref(), user: known.as_ref() });
    match &decision {
        TradeDecision::Open { session, new_user } => {
            open(tx, trade, session, (*new_user, traded.is_none())).await?;
        }
        TradeDecision::Refuse(TradeRefused::Used) => {
            let user = known.map(|user| user.id);
            let line = line(trade, AuditKind::AssertionReused, user, traded.map(|traded| traded.session_id));
            audit::record(tx, &line).await?;
        }
        TradeDecision::Refuse(TradeRefused::Disabled(UserDisabled)) => {
            let line = line(trade, AuditKind::SignInFailed, known.map(|user| user.id), None);
            audit::record(tx, &line.saying(UserDisabled.code().as_str())).await?;
        }
        TradeDecision::Refuse(_) | TradeDecision::Repeat(_) => {}
    }
    Ok(Ok(decision))
}

/// An assertion that was not traded must still be new: two who each saw none would else both open a session.
async fn open(
    tx: &Tx<'_>,
    trade: &Trade,
    session: &Session,
    (new_user, new): (bool, bool),
) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO assertions (project_id, hash, traded_at, session_id, expires_at)
        VALUES ($1, $2, $3, $4, $5)";
    // A repeated trade of a JWT that may be reused replaces what is known of the one before.
    const REPLACE: &str = "UPDATE assertions SET traded_at = $3, session_id = $4
        WHERE project_id = $1 AND hash = $2";
    let Trade { assertion, proof, now, .. } = trade;
    let mut lines = Vec::new();
    if new_user {
        let SessionUser { id, email } = session.user.clone();
        user::create(tx, &User::new(id, session.project_id, email, session.created_at), proof).await?;
        lines.push(line(trade, AuditKind::UserCreated, Some(session.user.id), None));
    }
    session::insert(tx, session).await?;
    let (project_id, hash) = (assertion.project_id.key(), &assertion.hash[..]);
    let (at, id) = (now.unix_millis(), session.id.key());
    if new {
        let end = assertion.expires_at.unix_millis();
        tx.execute(INSERT, &[&project_id, &hash, &at, &id, &end]).await?;
    } else {
        session::exactly_one(tx.execute(REPLACE, &[&project_id, &hash, &at, &id]).await?)?;
    }
    for kind in [AuditKind::SignedIn, AuditKind::SessionOpened] {
        lines.push(line(trade, kind, Some(session.user.id), Some(session.id)));
    }
    audit::record_all(tx, &lines).await
}

pub(super) async fn load(
    database: &Database,
    project_id: ProjectId,
    hash: [u8; 32],
) -> Result<Option<Traded>, StoreError> {
    const SELECT: &str = "SELECT traded_at, session_id FROM assertions WHERE project_id = $1 AND hash = $2";
    database.one(SELECT, &[&project_id.key(), &&hash[..]], |row| read(row, &hash)).await
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
