//! The revocation feed: `GET /api/v1/revocations`, what has ended although session JWTs of it are still good.

use serde::{Deserialize, Serialize};

/// Answer to a poll: a snapshot, or what was added since the cursor that came with the poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedPage {
    /// What ended, in the order in which it became known.
    pub entries: Vec<FeedEntry>,
    /// What the next poll says to get what comes after this page; opaque.
    pub cursor: String,
    /// Whether this begins anew rather than continues: what a follower knows stays true, since nothing un-ends.
    pub snapshot: bool,
    /// Whether there is more already: the follower is up to date only after a page without it.
    #[serde(default)]
    pub more: bool,
}

/// One thing that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedEntry {
    /// What it is.
    pub kind: FeedKind,
    /// Its ID: the `sid`, the `sub`, or the `kid` of the JWTs that are not to be accepted any more.
    pub id: String,
    /// When it ended, in seconds since the Unix epoch.
    pub ended_at: i64,
    /// When the last JWT of it is over anyway, in seconds since the Unix epoch: the entry may be forgotten then.
    pub expires_at: i64,
}

/// What can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FeedKind {
    /// One session, for good.
    Session,
    /// All of a user's sessions as of then; the user may sign in again.
    User,
    /// Every session of the project that was opened before then.
    Project,
    /// A signing key.
    Key,
    /// Something that a newer service knows; this version leaves it aside.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_a_newer_service_does_not_spoil_the_page() {
        let page: FeedPage = serde_json::from_str(
            r#"{"entries":[{"kind":"device","id":"x","ended_at":1,"expires_at":2,"why":"?"}],"cursor":"7","snapshot":true}"#,
        )
        .unwrap();
        assert_eq!((page.entries[0].kind, page.more), (FeedKind::Other, false));
    }
}
