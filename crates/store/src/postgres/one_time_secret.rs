//! One-time secrets: issued to a proven identity, traded once for a session.

use super::{audit, query::Key, session, transaction::Tx, user};
use crate::{
    error::{Fault, taken},
    row::{
        Columns, Row,
        one_time_secret::{read, select_one_time_secrets},
    },
};
use authmint_domain::{
    model::{
        audit::{AuditEvent, AuditKind, Origin},
        one_time_secret::{ExchangeDecision, ExchangeRefused, OneTimeSecretRecord},
        session::Session,
        user::User,
    },
    port::{Admission, Admitted},
};
use authmint_protocol::{
    id::{OneTimeSecretId, UserId},
    time::Timestamp,
};

/// Finds or creates the user, issues the secret, audits both.
pub(super) async fn admit(tx: &Tx<'_>, admission: &Admission) -> Result<Admitted, Fault> {
    const INSERT: &str =
        "INSERT INTO one_time_secrets (id, project_id, user_id, method, amr, proven_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let proof = &admission.proof;
    let event = |kind, user: &User| {
        AuditEvent::new(admission.at, kind, Some(admission.project_id), admission.origin.clone())
            .of_user(user.id)
    };
    let mut events = Vec::new();
    let user = match (user::proven(tx, admission.project_id, proof).await?, admission.create) {
        (Some(user), _) => user,
        (None, None) => return Ok(Admitted::Unknown),
        (None, Some(id)) => {
            let user = User::new(id, admission.project_id, proof.email.clone(), admission.at);
            user::create(tx, &user, proof).await?;
            events.push(event(AuditKind::UserCreated, &user).saying(proof.method.clone()));
            user
        }
    };
    if let Err(disabled) = user.may_sign_in() {
        let refused = event(AuditKind::SignInFailed, &user).saying(disabled.code().as_str());
        audit::record(tx, &refused).await?;
        return Ok(Admitted::Disabled(disabled));
    }
    tx.execute(
        INSERT,
        &[
            &admission.secret_id.key(),
            &admission.project_id.key(),
            &user.id.key(),
            &&*proof.method,
            &&*proof.amr,
            &proof.at.unix_millis(),
            &admission.secret_expires_at.unix_millis(),
        ],
    )
    .await
    .map_err(taken("a one-time secret of this ID"))?;
    events.push(event(AuditKind::SignedIn, &user).saying(proof.method.clone()));
    audit::record_all(tx, &events).await?;
    Ok(Admitted::In(user))
}

/// Decides a trade, and opens the session or audits the second use.
pub(super) async fn exchange(
    tx: &Tx<'_>,
    id: OneTimeSecretId,
    (now, origin): (Timestamp, &Origin),
    decide: &(impl Fn(&OneTimeSecretRecord, Option<&Session>) -> ExchangeDecision + Sync),
) -> Result<Option<ExchangeDecision>, Fault> {
    let Some(record) = locked(tx, id).await? else { return Ok(None) };
    let opened = match record.used {
        Some((_, session_id)) => session::seen(tx, session_id).await?,
        None => None,
    };
    let decision = decide(&record, opened.as_ref());
    let line = |kind, session_id| AuditEvent {
        session_id,
        ..AuditEvent::new(now, kind, Some(record.project_id), origin.clone())
            .of_user(record.user.id)
            .saying(record.sign_in.method.clone())
    };
    match &decision {
        ExchangeDecision::Open(session) => {
            open(tx, &record, session, now).await?;
            audit::record(tx, &line(AuditKind::SessionOpened, Some(session.id))).await?;
        }
        ExchangeDecision::Refuse(ExchangeRefused::Used) => {
            let line = line(AuditKind::OneTimeSecretReused, record.used.map(|(_, id)| id));
            audit::record(tx, &line).await?;
        }
        ExchangeDecision::Refuse(_) | ExchangeDecision::Repeat(_) => {}
    }
    Ok(Some(decision))
}

async fn open(
    tx: &Tx<'_>,
    record: &OneTimeSecretRecord,
    session: &Session,
    now: Timestamp,
) -> Result<(), Fault> {
    const USE: &str =
        "UPDATE one_time_secrets SET used_at = $1, session_id = $2 WHERE id = $3 AND used_at IS NULL";
    session::insert(tx, session).await?;
    let written = tx.execute(USE, &[&now.unix_millis(), &session.id.key(), &record.id.key()]).await?;
    session::exactly_one(written)
}

/// The user is held before the secret is locked: whoever ends all of a user's sessions takes them in that order, too.
async fn locked(tx: &Tx<'_>, id: OneTimeSecretId) -> Result<Option<OneTimeSecretRecord>, Fault> {
    const USER: &str = "SELECT user_id FROM one_time_secrets WHERE id = $1";
    const LOCK: &str = select_one_time_secrets!("WHERE o.id = $1 FOR UPDATE OF o");
    let read_user = |row: &dyn Row| Columns::only::<UserId>(row, "one_time_secrets", "user_id");
    let Some(user) = tx.one(USER, &[&id.key()], read_user).await? else { return Ok(None) };
    user::hold(tx, user).await?;
    tx.one(LOCK, &[&id.key()], |row| read(row, id)).await
}
