//! The transactions around decisions, compiled once each: what a decision answers is laid aside by its caller.

use super::{
    PostgresStore, api_key, assertion, challenge, issuer, one_time_secret, operator_token, project, restore,
    signing_key, transaction::transact, user,
};
use authmint_domain::{
    model::{
        assertion::{TradeDecision, TradeFacts},
        audit::Origin,
        challenge::{EmailChallenge, EmailId},
        issuer::TrustedIssuer,
        limit::Spent,
        one_time_secret::{ExchangeDecision, OneTimeSecretRecord},
        operator_token::OperatorTokenRecord,
        project::{ApiKeyRecord, Project},
        session::{Decision, Session},
        signing_key::KeyStep,
        user::{User, UserDecision},
    },
    port::{AdminDecision, ChallengeDecision, IssuerDecision, SigningKeys, StoreError, Trade},
};
use authmint_protocol::{
    id::{ApiKeyId, OneTimeSecretId, OperatorTokenId, ProjectId, UserId},
    time::Timestamp,
};

/// A decision over a row that may not be there.
type Over<T, R> = Box<dyn Fn(Option<&T>) -> R + Send + Sync>;
/// A decision over what is always there.
type OverAll<T, R> = Box<dyn Fn(&T) -> R + Send + Sync>;
/// Over a one-time secret, and the session of its first use.
type OverSecret = Box<dyn Fn(&OneTimeSecretRecord, Option<&Session>) -> ExchangeDecision + Send + Sync>;
/// The number of the feed's entry, if something ended.
type Entry = Option<u64>;

impl PostgresStore {
    pub(super) async fn decided_project(
        &self,
        id: ProjectId,
        decide: Over<Project, AdminDecision<Project, ()>>,
    ) -> Result<Entry, StoreError> {
        transact!(self, |tx| project::decide(tx, id, &decide)).map(|((), entry)| entry)
    }

    pub(super) async fn decided_api_key(
        &self,
        id: ApiKeyId,
        decide: Over<ApiKeyRecord, AdminDecision<ApiKeyRecord, ()>>,
    ) -> Result<(), StoreError> {
        transact!(self, |tx| api_key::decide(tx, id, &decide))
    }

    pub(super) async fn decided_operator_token(
        &self,
        id: OperatorTokenId,
        decide: Over<OperatorTokenRecord, AdminDecision<OperatorTokenRecord, ()>>,
    ) -> Result<(), StoreError> {
        transact!(self, |tx| operator_token::decide(tx, id, &decide))
    }

    pub(super) async fn decided_signing_keys(
        &self,
        now: Timestamp,
        origin: Origin,
        decide: OverAll<SigningKeys, (Vec<KeyStep>, ())>,
    ) -> Result<Entry, StoreError> {
        transact!(self, |tx| signing_key::decide(tx, (now, &origin), &decide)).map(|((), entry)| entry)
    }

    pub(super) async fn decided_challenge(
        &self,
        key: (ProjectId, EmailId),
        decide: Over<EmailChallenge, ChallengeDecision<()>>,
    ) -> Result<(), StoreError> {
        transact!(self, |tx| challenge::decide(tx, key, &decide))
    }

    pub(super) async fn decided_exchange(
        &self,
        id: OneTimeSecretId,
        (now, origin): (Timestamp, Origin),
        decide: OverSecret,
    ) -> Result<Option<ExchangeDecision>, StoreError> {
        transact!(self, |tx| one_time_secret::exchange(tx, id, (now, &origin), &decide))
    }

    pub(super) async fn decided_issuers(
        &self,
        project_id: ProjectId,
        decide: OverAll<[TrustedIssuer], IssuerDecision<()>>,
    ) -> Result<(), StoreError> {
        transact!(self, |tx| issuer::decide(tx, project_id, &decide))
    }

    pub(super) async fn decided_trade(
        &self,
        trade: Trade,
        decide: Box<dyn Fn(TradeFacts<'_>) -> TradeDecision + Send + Sync>,
    ) -> Result<Result<TradeDecision, Spent>, StoreError> {
        transact!(self, |tx| assertion::trade(tx, &trade, &decide))
    }

    pub(super) async fn decided_all_sessions(
        &self,
        forget_before: Timestamp,
        decide: OverAll<Session, Decision<bool>>,
    ) -> Result<u64, StoreError> {
        transact!(self, |tx| restore::decide_all(tx, forget_before, &decide))
    }

    pub(super) async fn decided_user(
        &self,
        key: (ProjectId, UserId),
        decide: Over<User, UserDecision<()>>,
    ) -> Result<Entry, StoreError> {
        transact!(self, |tx| user::decide(tx, key, &decide)).map(|((), entry)| entry)
    }
}
