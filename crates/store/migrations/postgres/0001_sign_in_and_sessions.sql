-- Times are milliseconds since the Unix epoch, JSON is text. No sequences, triggers, extensions or advisory locks: databases that speak
-- PostgreSQL's protocol and spread their rows over machines lack one or the other. COLLATE "C": texts compare byte by byte.

CREATE TABLE projects (
    id          UUID   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    policy      TEXT   NOT NULL, -- JSON
    created_at  BIGINT NOT NULL
);

CREATE TABLE api_keys (
    hash       BYTEA  NOT NULL PRIMARY KEY, -- SHA-256 of the key's text
    id         UUID   NOT NULL UNIQUE,
    project_id UUID   NOT NULL REFERENCES projects,
    usage      TEXT   NOT NULL,
    scopes     TEXT   NOT NULL, -- JSON
    callers    TEXT   NOT NULL, -- JSON
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE users (
    id         UUID   NOT NULL PRIMARY KEY,
    project_id UUID   NOT NULL REFERENCES projects,
    email      TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);

CREATE TABLE identities (
    project_id UUID NOT NULL REFERENCES projects,
    method     TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    user_id    UUID NOT NULL REFERENCES users,
    PRIMARY KEY (project_id, method, subject)
);

CREATE TABLE sessions (
    id                  UUID   NOT NULL PRIMARY KEY,
    project_id          UUID   NOT NULL REFERENCES projects,
    user_id             UUID   NOT NULL REFERENCES users,
    method              TEXT   NOT NULL,
    amr                 TEXT   NOT NULL,
    proven_at           BIGINT NOT NULL,
    user_agent          TEXT,
    client              TEXT,
    created_at          BIGINT NOT NULL,
    generation          BIGINT NOT NULL,
    branches_issued     BIGINT NOT NULL,
    rotated_at          BIGINT NOT NULL,
    parent_winner       BIGINT, -- NULL: any branch
    sibling_branch      BIGINT,
    late_branch         BIGINT,
    late_branch_at      BIGINT,
    idle_expires_at     BIGINT NOT NULL,
    absolute_expires_at BIGINT NOT NULL,
    ended_at            BIGINT,
    end_reason          TEXT
);

CREATE INDEX sessions_by_absolute_expiry ON sessions (absolute_expires_at);

CREATE TABLE one_time_secrets (
    id         UUID   NOT NULL PRIMARY KEY,
    project_id UUID   NOT NULL REFERENCES projects,
    user_id    UUID   NOT NULL REFERENCES users,
    method     TEXT   NOT NULL,
    amr        TEXT   NOT NULL,
    proven_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT,
    session_id UUID -- of its first use; the session may be purged first
);

CREATE INDEX one_time_secrets_by_expiry ON one_time_secrets (expires_at);

CREATE TABLE email_challenges (
    project_id      UUID   NOT NULL REFERENCES projects,
    email_id        BYTEA  NOT NULL, -- MAC of the address
    code_salt       BYTEA,
    code_mac        BYTEA,
    code_expires_at BIGINT,
    code_tries      TEXT, -- JSON: wrong tries by client
    sent_at         BIGINT NOT NULL,
    resends         BIGINT NOT NULL,
    failures        BIGINT NOT NULL,
    PRIMARY KEY (project_id, email_id)
);

CREATE INDEX email_challenges_by_sending ON email_challenges (sent_at);

CREATE TABLE rate_limits (
    name        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    spent_until BIGINT NOT NULL
);

CREATE INDEX rate_limits_by_end ON rate_limits (spent_until);

CREATE TABLE signing_keys (
    kid        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    public     TEXT   NOT NULL, -- JWK
    sealed     BYTEA, -- PKCS#8 under the key ring
    created_at BIGINT NOT NULL
);

CREATE TABLE ring_marks (
    key_id BIGINT NOT NULL PRIMARY KEY,
    mark   BYTEA  NOT NULL
);

-- The number is made of the time and grows with it; the service gives it.
CREATE TABLE audit_events (
    number     BIGINT NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    project_id UUID,
    user_id    UUID,
    session_id UUID,
    detail     TEXT   NOT NULL
);

CREATE INDEX audit_events_by_project ON audit_events (project_id, number);

-- One row for each transaction that changed something. Whoever loses the connection while it commits looks here for what became of it.
CREATE TABLE commits (
    id UUID   NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL -- by the database's clock
);

CREATE INDEX commits_by_age ON commits (at);

-- Work that one replica does at a time: whoever holds the row's lock. It ends with the connection, and so with the replica.
CREATE TABLE duties (
    name TEXT NOT NULL PRIMARY KEY
);

INSERT INTO duties (name) VALUES ('purge');
