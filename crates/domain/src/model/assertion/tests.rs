use super::*;
use crate::model::{
    rotation::Presented,
    session::{Device, SessionUser},
};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);

fn assertion(reuse: Reuse) -> Assertion {
    Assertion {
        project_id: ProjectId::from_bytes([1; 16]),
        issuer_id: IssuerId::from_bytes([2; 16]),
        hash: [3; 32],
        expires_at: NOW.after(Duration::from_secs(600)),
        reuse,
    }
}

fn proof() -> Proof {
    Proof { method: "issuer:corp".into(), subject: "alice".into(), email: None, amr: "fed".into(), at: NOW }
}

fn new(seed: u8) -> NewSession {
    NewSession { id: SessionId::from_bytes([seed; 16]), device: Device::default(), from: None }
}

fn trade(reuse: Reuse, facts: TradeFacts<'_>, create: bool, now: Timestamp) -> TradeDecision {
    let create = create.then(|| UserId::from_bytes([4; 16]));
    assertion(reuse).trade(facts, (&proof(), create), new(5), &Policy::default(), now)
}

const UNKNOWN: TradeFacts<'_> = TradeFacts { trusted: true, traded: None, opened: None, user: None };

fn opened() -> Session {
    match trade(Reuse::Never, UNKNOWN, true, NOW) {
        TradeDecision::Open { session, new_user: true } => *session,
        other => panic!("{other:?}"),
    }
}

/// The user of a session, as their own row says.
fn user(session: &Session) -> User {
    let SessionUser { id, email } = session.user.clone();
    User::new(id, session.project_id, email, session.created_at)
}

fn traded<'f>(session: &'f Session, user: &'f User) -> TradeFacts<'f> {
    let traded = Traded { at: NOW, session_id: session.id };
    TradeFacts { traded: Some(traded), opened: Some(session), user: Some(user), ..UNKNOWN }
}

#[test]
fn the_first_trade_opens_a_session_and_makes_its_user_only_if_the_key_may() {
    let session = opened();
    assert_eq!((session.sign_in.method.as_str(), session.user.email.as_deref()), ("issuer:corp", None));
    assert_eq!(trade(Reuse::Never, UNKNOWN, false, NOW), TradeDecision::Refuse(TradeRefused::MayNotCreate));
    let user = user(&session);
    let known = TradeFacts { user: Some(&user), ..UNKNOWN };
    assert!(matches!(trade(Reuse::Never, known, false, NOW), TradeDecision::Open { new_user: false, .. }));
}

#[test]
fn within_grace_the_same_session_is_answered_while_its_first_token_is_unused_and_later_it_is_used() {
    let session = opened();
    let late = NOW.after(Duration::from_secs(10));
    assert!(matches!(
        trade(Reuse::Never, traded(&session, &user(&session)), true, late),
        TradeDecision::Repeat(_)
    ));
    let later = NOW.after(Duration::from_secs(11));
    assert_eq!(
        trade(Reuse::Never, traded(&session, &user(&session)), true, later),
        TradeDecision::Refuse(TradeRefused::Used)
    );
    let policy = Policy { settle: Duration::ZERO, ..Policy::default() };
    let shown = Presented { generation: 1, branch: 1 };
    let mut rotated = session.clone();
    let soon = NOW.after(Duration::from_secs(1));
    rotated.rotation = session.refresh(shown, &policy, soon).answer.unwrap().session.rotation;
    assert_eq!(
        trade(Reuse::Never, traded(&rotated, &user(&rotated)), true, late),
        TradeDecision::Refuse(TradeRefused::Used)
    );
}

#[test]
fn what_may_be_reused_opens_another_session_and_within_grace_the_same() {
    let session = opened();
    assert!(matches!(
        trade(Reuse::UntilExp, traded(&session, &user(&session)), true, NOW),
        TradeDecision::Repeat(_)
    ));
    let later = NOW.after(Duration::from_secs(11));
    assert!(matches!(
        trade(Reuse::UntilExp, traded(&session, &user(&session)), true, later),
        TradeDecision::Open { .. }
    ));
}

#[test]
fn threat_22_a_disabled_user_and_an_issuer_that_was_removed_open_nothing() {
    let session = opened();
    let disabled = User { disabled_at: Some(NOW), ..user(&session) };
    let facts = TradeFacts { user: Some(&disabled), ..UNKNOWN };
    assert_eq!(
        trade(Reuse::UntilExp, facts, true, NOW),
        TradeDecision::Refuse(TradeRefused::Disabled(UserDisabled))
    );
    let known = user(&session);
    let removed = TradeFacts { trusted: false, ..traded(&session, &known) };
    assert_eq!(trade(Reuse::UntilExp, removed, true, NOW), TradeDecision::Refuse(TradeRefused::Untrusted));
}

#[test]
fn a_signature_turned_around_is_the_same_assertion() {
    assert_eq!(hash("head.body.one"), hash("head.body.other"));
    assert_ne!(hash("head.body.one"), hash("head.else.one"));
}
