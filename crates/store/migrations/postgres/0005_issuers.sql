-- Issuers of others that a project trusts, and which of their JWTs were traded for sessions.

CREATE TABLE issuers (
    id         UUID   NOT NULL PRIMARY KEY,
    project_id UUID   NOT NULL REFERENCES projects,
    name       TEXT COLLATE "C" NOT NULL,
    terms      TEXT   NOT NULL, -- JSON
    reuse      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (project_id, name)
);

-- By project rather than issuer: an issuer that is removed and added again accepts nothing twice.
CREATE TABLE assertions (
    project_id UUID   NOT NULL REFERENCES projects,
    hash       BYTEA  NOT NULL, -- SHA-256 of what the issuer signed
    traded_at  BIGINT NOT NULL,
    session_id UUID   NOT NULL, -- the session may be purged first
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, hash)
);

CREATE INDEX assertions_by_expiry ON assertions (expires_at);
