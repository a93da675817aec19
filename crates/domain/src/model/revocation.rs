//! What the revocation feed says: what has ended while session JWTs of it are still good.

use super::{
    policy::LONGEST_JWT_TTL,
    session::{EndReason, Ended, Session},
    user::User,
};
use authmint_protocol::{
    id::{ProjectId, SessionId, UserId},
    time::Timestamp,
    wire::feed::{FeedEntry, FeedKind},
};
use std::time::Duration;

/// How far the clock of a server that verifies JWTs may be behind.
const SKEW: Duration = Duration::from_secs(60);

/// What ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// One session.
    Session(SessionId),
    /// All of a user's sessions.
    User(UserId),
    /// Every session of a project.
    Project(ProjectId),
    /// A signing key, by its `kid`.
    Key(String),
}

impl Revoked {
    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> FeedKind {
        match self {
            Self::Session(_) => FeedKind::Session,
            Self::User(_) => FeedKind::User,
            Self::Project(_) => FeedKind::Project,
            Self::Key(_) => FeedKind::Key,
        }
    }

    /// The kind's stable text.
    #[must_use]
    pub const fn kind_text(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::User(_) => "user",
            Self::Project(_) => "project",
            Self::Key(_) => "key",
        }
    }

    /// The ID as it stands in JWTs.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Session(id) => id.to_string(),
            Self::User(id) => id.to_string(),
            Self::Project(id) => id.to_string(),
            Self::Key(kid) => kid.clone(),
        }
    }

    /// Reads what [`kind_text`](Self::kind_text) and [`id`](Self::id) wrote.
    #[must_use]
    pub fn from_texts(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "session" => id.parse().ok().map(Self::Session),
            "user" => id.parse().ok().map(Self::User),
            "project" => id.parse().ok().map(Self::Project),
            "key" => Some(Self::Key(id.to_owned())),
            _ => None,
        }
    }
}

/// One entry of the feed; it is committed with the end that it tells of, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Whose JWTs it concerns; none: every project's.
    pub project_id: Option<ProjectId>,
    /// What ended.
    pub what: Revoked,
    /// A stable word that says why.
    pub reason: &'static str,
    /// When it ended.
    pub ended_at: Timestamp,
}

impl Revocation {
    /// The entry of a signing key that is revoked: it concerns every project's JWTs.
    #[must_use]
    pub fn of_key(kid: &str, at: Timestamp) -> Self {
        Self { project_id: None, what: Revoked::Key(kid.to_owned()), reason: "revoked", ended_at: at }
    }

    /// The entry of a session that ends.
    #[must_use]
    pub fn of_session(session: &Session, ended: Ended) -> Self {
        Self {
            project_id: Some(session.project_id),
            what: Revoked::Session(session.id),
            reason: ended.reason.as_str(),
            ended_at: ended.at,
        }
    }

    /// The entry of a user whose sessions all end.
    #[must_use]
    pub fn of_user(user: &User, ended: Ended) -> Self {
        Self {
            project_id: Some(user.project_id),
            what: Revoked::User(user.id),
            reason: ended.reason.as_str(),
            ended_at: ended.at,
        }
    }

    /// The entry of a project whose sessions of before some moment were ended at `ended_at`. JWTs of before it say
    /// nothing about when their sessions were opened, so each is asked for anew.
    #[must_use]
    pub const fn of_project(id: ProjectId, ended_at: Timestamp) -> Self {
        let reason = EndReason::NotBefore.as_str();
        Self { project_id: Some(id), what: Revoked::Project(id), reason, ended_at }
    }

    /// When the last JWT that it concerns is over, by every clock.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.ended_at.after(LONGEST_JWT_TTL).after(SKEW)
    }
}

/// An entry of the feed as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRevocation {
    /// What ended.
    pub what: Revoked,
    /// When it ended.
    pub ended_at: Timestamp,
    /// When the last JWT that it concerns is over.
    pub expires_at: Timestamp,
}

impl RecordedRevocation {
    /// The entry as followers read it.
    #[must_use]
    pub fn to_wire(&self) -> FeedEntry {
        FeedEntry {
            kind: self.what.kind(),
            id: self.what.id(),
            ended_at: self.ended_at.unix_seconds(),
            expires_at: self.expires_at.unix_seconds(),
        }
    }
}

/// A stretch of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The entries, in order.
    pub entries: Vec<RecordedRevocation>,
    /// The position after it.
    pub position: u64,
    /// Whether it begins anew: no position was given, or none from which the feed can be continued.
    pub snapshot: bool,
    /// Whether there is more already.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::Policy;

    #[test]
    fn what_is_kept_reads_back() {
        for what in [
            Revoked::Session(SessionId::from_bytes([1; 16])),
            Revoked::User(UserId::from_bytes([2; 16])),
            Revoked::Project(ProjectId::from_bytes([3; 16])),
            Revoked::Key("kid".into()),
        ] {
            assert_eq!(Revoked::from_texts(what.kind_text(), &what.id()), Some(what));
        }
        assert_eq!(Revoked::from_texts("session", "no ID"), None);
        assert_eq!(Revoked::from_texts("moon", "x"), None);
    }

    #[test]
    fn threat_s21_an_entry_outlives_every_jwt_that_a_policy_permits() {
        let at = Timestamp::from_unix_seconds(1_800_000_000);
        let what = Revoked::User(UserId::from_bytes([2; 16]));
        let entry = Revocation { project_id: None, what, reason: "test", ended_at: at };
        let longest = Policy { session_jwt_ttl: LONGEST_JWT_TTL, ..Policy::default() };
        assert_eq!(longest.faults(true), []);
        assert!(entry.expires_at() > at.after(longest.session_jwt_ttl));
        let longer =
            Policy { session_jwt_ttl: LONGEST_JWT_TTL + Duration::from_secs(1), ..Policy::default() };
        assert!(longer.faults(true).iter().any(|fault| fault.setting == "session_jwt_ttl"));
    }
}
