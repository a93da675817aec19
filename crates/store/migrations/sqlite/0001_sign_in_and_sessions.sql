-- Times are milliseconds since the Unix epoch, IDs are 16 bytes, JSON is text.

CREATE TABLE projects (
    id          BLOB    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    policy      TEXT    NOT NULL, -- JSON
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    hash       BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the key's text
    id         BLOB    NOT NULL UNIQUE,
    project_id BLOB    NOT NULL REFERENCES projects,
    usage      TEXT    NOT NULL,
    scopes     TEXT    NOT NULL, -- JSON
    callers    TEXT    NOT NULL, -- JSON
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id         BLOB    NOT NULL PRIMARY KEY,
    project_id BLOB    NOT NULL REFERENCES projects,
    email      TEXT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE identities (
    project_id BLOB NOT NULL REFERENCES projects,
    method     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    BLOB NOT NULL REFERENCES users,
    PRIMARY KEY (project_id, method, subject)
) STRICT, WITHOUT ROWID;

-- One row, one guarded write per rotation. No index may hold a column that a rotation writes.
CREATE TABLE sessions (
    id                  BLOB    NOT NULL PRIMARY KEY,
    project_id          BLOB    NOT NULL REFERENCES projects,
    user_id             BLOB    NOT NULL REFERENCES users,
    method              TEXT    NOT NULL,
    amr                 TEXT    NOT NULL,
    proven_at           INTEGER NOT NULL,
    user_agent          TEXT,
    client              TEXT,
    created_at          INTEGER NOT NULL,
    generation          INTEGER NOT NULL,
    branches_issued     INTEGER NOT NULL,
    rotated_at          INTEGER NOT NULL,
    parent_winner       INTEGER, -- NULL: any branch
    sibling_branch      INTEGER,
    late_branch         INTEGER,
    late_branch_at      INTEGER,
    idle_expires_at     INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    ended_at            INTEGER,
    end_reason          TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_absolute_expiry ON sessions (absolute_expires_at);

CREATE TABLE one_time_secrets (
    id         BLOB    NOT NULL PRIMARY KEY,
    project_id BLOB    NOT NULL REFERENCES projects,
    user_id    BLOB    NOT NULL REFERENCES users,
    method     TEXT    NOT NULL,
    amr        TEXT    NOT NULL,
    proven_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    session_id BLOB -- of its first use; the session may be purged first
) STRICT, WITHOUT ROWID;

CREATE INDEX one_time_secrets_by_expiry ON one_time_secrets (expires_at);

CREATE TABLE email_challenges (
    project_id      BLOB    NOT NULL REFERENCES projects,
    email_id        BLOB    NOT NULL, -- MAC of the address
    code_salt       BLOB,
    code_mac        BLOB,
    code_expires_at INTEGER,
    code_tries      TEXT, -- JSON: wrong tries by client
    sent_at         INTEGER NOT NULL,
    resends         INTEGER NOT NULL,
    failures        INTEGER NOT NULL,
    PRIMARY KEY (project_id, email_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX email_challenges_by_sending ON email_challenges (sent_at);

CREATE TABLE rate_limits (
    name        TEXT    NOT NULL PRIMARY KEY,
    spent_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX rate_limits_by_end ON rate_limits (spent_until);

CREATE TABLE signing_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    public     TEXT    NOT NULL, -- JWK
    sealed     BLOB    NOT NULL, -- PKCS#8 under the key ring
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ring_marks (
    key_id INTEGER NOT NULL PRIMARY KEY,
    mark   BLOB    NOT NULL
) STRICT;

CREATE TABLE audit_events (
    number     INTEGER NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    project_id BLOB    NOT NULL,
    user_id    BLOB,
    session_id BLOB,
    detail     TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_events_by_project ON audit_events (project_id, number);
