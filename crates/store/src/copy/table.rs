//! The tables of an installation, as both databases have them.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Id,
    Number,
    Text,
    Bytes,
}

/// A table: its key first, in the order in which rows are copied.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// How many of the columns are its key.
    pub(super) key: usize,
    pub(super) columns: &'static [(&'static str, Kind)],
}

impl Table {
    pub(super) fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn key_names(&self) -> String {
        self.columns[..self.key].iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

macro_rules! tables {
    ($($name:literal [$($key:ident $key_kind:ident),*] $($column:ident $kind:ident),*;)*) => {
        &[$(Table {
            name: $name,
            key: [$(stringify!($key)),*].len(),
            columns: &[$((stringify!($key), Kind::$key_kind),)* $((stringify!($column), Kind::$kind),)*],
        },)*]
    };
}

/// In an order in which each row finds those that it refers to. What a database keeps for itself alone is not among them.
pub(super) const TABLES: &[Table] = tables! {
    "ring_marks" [key_id Number] mark Bytes;
    "signing_keys" [kid Text] algorithm Text, public Text, sealed Bytes, created_at Number, state Text, state_since Number;
    "operator_tokens" [hash Bytes] id Id, name Text, created_at Number, expires_at Number, last_used_at Number,
        revoked_at Number;
    "projects" [id Id] name Text, environment Text, policy Text, created_at Number, not_before Number;
    "api_keys" [hash Bytes] id Id, project_id Id, usage Text, scopes Text, callers Text, created_at Number,
        last_used_at Number, revoked_at Number;
    "issuers" [id Id] project_id Id, name Text, terms Text, reuse Text, created_at Number;
    "users" [id Id] project_id Id, email Text, created_at Number, disabled_at Number, sessions_ended_at Number;
    "identities" [project_id Id, method Text, subject Text] user_id Id;
    "sessions" [id Id] project_id Id, user_id Id, method Text, amr Text, proven_at Number, user_agent Text, client Text,
        opened_from Text, created_at Number, absolute_expires_at Number, email Text;
    "session_states" [session_id Id] generation Number, branches_issued Number, rotated_at Number, parent_winner Number,
        sibling_branch Number, late_branch Number, late_branch_at Number, idle_expires_at Number, ended_at Number,
        end_reason Text;
    "one_time_secrets" [id Id] project_id Id, user_id Id, method Text, amr Text, proven_at Number, expires_at Number,
        used_at Number, session_id Id;
    "assertions" [project_id Id, hash Bytes] traded_at Number, session_id Id, expires_at Number;
    "email_challenges" [project_id Id, email_id Bytes] code_salt Bytes, code_mac Bytes, code_expires_at Number,
        code_tries Text, sent_at Number, resends Number, failures Number;
    "rate_limits" [name Text] spent_until Number;
    "revocations" [number Number] project_id Id, kind Text, id Text, reason Text, ended_at Number, expires_at Number;
    "audit_events" [number Number] at Number, kind Text, actor Text, origin Text, project_id Id, user_id Id, session_id Id,
        detail Text;
};
