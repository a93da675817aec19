//! The session's own rules around the rotation: what ends it, what extends it, and that ended is final.

use super::*;
use crate::model::one_time_secret::{ExchangeDecision, ExchangeRefused, NewSession, OneTimeSecretRecord};
use authmint_protocol::id::{OneTimeSecretId, UserId};
use std::time::Duration;

const DAY: u64 = 86_400;

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.after(Duration::from_secs(seconds))
}

fn user() -> User {
    User {
        id: UserId::from_bytes([3; 16]),
        project_id: ProjectId::from_bytes([1; 16]),
        email: Some("ada@example.com".into()),
        created_at: at(0),
        disabled_at: None,
        sessions_ended_at: None,
    }
}

fn sign_in() -> SignIn {
    SignIn { method: "email".into(), amr: "otp".into(), at: at(0) }
}

fn opened() -> Session {
    Session::open(
        SessionId::from_bytes([2; 16]),
        user(),
        sign_in(),
        (Device::default(), None),
        &Policy::default(),
        at(0),
    )
}

/// Applies a decision as a store does.
fn refresh(
    session: &mut Session,
    generation: u32,
    branch: u32,
    now: u64,
) -> Result<RefreshReply, RefreshRefused> {
    let decision = session.refresh(Presented { generation, branch }, &Policy::default(), at(now));
    apply(session, decision.change);
    decision.answer
}

fn apply(session: &mut Session, change: SessionChange) {
    match change {
        SessionChange::None => {}
        SessionChange::Rotated { rotation, idle_expires_at } => {
            session.rotation = rotation;
            session.idle_expires_at = idle_expires_at;
        }
        SessionChange::End(ended, _) => session.ended = Some(ended),
    }
}

#[test]
fn a_rotation_extends_the_idle_end_but_never_the_absolute_one() {
    let mut session = opened();
    for generation in 1..=6 {
        let now = u64::from(generation) * 14 * DAY;
        let reply = refresh(&mut session, generation, 1, now).unwrap();
        assert_eq!(reply.row, Row::Rotate);
        assert_eq!(reply.session.expires_at(), at((now + 30 * DAY).min(90 * DAY)));
    }
    assert_eq!(refresh(&mut session, 7, 1, 90 * DAY), Err(RefreshRefused::Expired));
}

#[test]
fn young_grace_and_late_answers_extend_nothing() {
    let mut session = opened();
    let first_end = session.expires_at();
    assert_eq!(refresh(&mut session, 1, 1, 60).unwrap().row, Row::Young);
    assert_eq!(session.expires_at(), first_end);
    refresh(&mut session, 1, 1, 1000).unwrap();
    let end = session.expires_at();
    assert_eq!(refresh(&mut session, 1, 1, 1005).unwrap().row, Row::Grace);
    assert_eq!(refresh(&mut session, 1, 1, 2000).unwrap().row, Row::Late);
    assert_eq!(session.expires_at(), end);
}

#[test]
fn threat_14_after_an_end_every_token_of_the_session_is_refused_within_grace_too() {
    let mut session = opened();
    refresh(&mut session, 1, 1, 1000).unwrap();
    let change = session.sign_out(at(1001)).change;
    apply(&mut session, change);
    for (generation, branch) in [(1, 1), (2, 1), (2, 2), (3, 1)] {
        for now in [1001, 1002, 1010, 5000] {
            assert_eq!(refresh(&mut session, generation, branch, now), Err(RefreshRefused::Revoked));
        }
    }
}

#[test]
fn a_theft_ends_the_session_with_an_audited_reason_and_no_later_end_changes_it() {
    let mut session = opened();
    refresh(&mut session, 1, 1, 1000).unwrap();
    refresh(&mut session, 2, 1, 2000).unwrap();
    let decision = session.refresh(Presented { generation: 1, branch: 1 }, &Policy::default(), at(3000));
    let SessionChange::End(ended, event) = &decision.change else {
        panic!("a replay two generations back is a theft")
    };
    assert_eq!((ended.reason, event.kind), (EndReason::Theft, AuditKind::TheftFound));
    assert_eq!((event.user_id, event.session_id), (Some(session.user.id), Some(session.id)));
    assert_eq!(decision.answer, Err(RefreshRefused::Theft));
    assert_eq!(RefreshRefused::Theft.code(), RefreshRefused::Revoked.code(), "outside they are the same");
    apply(&mut session, decision.change);
    assert_eq!(session.sign_out(at(4000)).change, SessionChange::None);
}

#[test]
fn ended_is_asked_before_expired_and_both_before_the_rotation() {
    let mut session = opened();
    assert_eq!(
        refresh(&mut session, 1, 9, 31 * DAY),
        Err(RefreshRefused::Expired),
        "an expired session finds no theft"
    );
    session.ended = Some(Ended { at: at(5), reason: EndReason::SignOut });
    assert_eq!(refresh(&mut session, 1, 1, 31 * DAY), Err(RefreshRefused::Revoked));
}

fn record(used: Option<(Timestamp, SessionId)>) -> OneTimeSecretRecord {
    OneTimeSecretRecord {
        id: OneTimeSecretId::from_bytes([4; 16]),
        project_id: ProjectId::from_bytes([1; 16]),
        user: user(),
        sign_in: sign_in(),
        expires_at: at(120),
        used,
        not_before: None,
    }
}

fn exchange(record: &OneTimeSecretRecord, opened: Option<&Session>, now: u64) -> ExchangeDecision {
    let new = NewSession { id: SessionId::from_bytes([9; 16]), device: Device::default(), from: None };
    record.exchange(opened, new, &Policy::default(), at(now))
}

#[test]
fn a_one_time_secret_opens_a_session_once_and_repeats_the_first_token_only_while_unused_and_within_grace() {
    let ExchangeDecision::Open(session) = exchange(&record(None), None, 10) else {
        panic!("the first use opens")
    };
    let used = record(Some((at(10), session.id)));
    let repeated = |session: &Session, now| matches!(exchange(&used, Some(session), now), ExchangeDecision::Repeat(reply) if reply.token == Presented { generation: 1, branch: 1 });
    assert!(repeated(&session, 20));
    assert!(!repeated(&session, 21), "beyond G");
    let mut rotated = (*session).clone();
    rotated.rotation.generation = 2;
    assert!(!repeated(&rotated, 15), "generation 1 was used");
    let mut ended = *session;
    ended.ended = Some(Ended { at: at(12), reason: EndReason::SignOut });
    assert_eq!(exchange(&used, Some(&ended), 15), ExchangeDecision::Refuse(ExchangeRefused::Used));
}

#[test]
fn a_one_time_secret_that_comes_too_late_is_refused() {
    assert_eq!(exchange(&record(None), None, 120), ExchangeDecision::Refuse(ExchangeRefused::Expired));
}
