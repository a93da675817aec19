-- Issuers of others that a project trusts, and which of their JWTs were traded for sessions.

CREATE TABLE issuers (
    id         BLOB    NOT NULL PRIMARY KEY,
    project_id BLOB    NOT NULL REFERENCES projects,
    name       TEXT    NOT NULL,
    terms      TEXT    NOT NULL, -- JSON
    reuse      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;

-- By project rather than issuer: an issuer that is removed and added again accepts nothing twice.
CREATE TABLE assertions (
    project_id BLOB    NOT NULL REFERENCES projects,
    hash       BLOB    NOT NULL, -- SHA-256 of what the issuer signed
    traded_at  INTEGER NOT NULL,
    session_id BLOB    NOT NULL, -- the session may be purged first
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX assertions_by_expiry ON assertions (expires_at);
