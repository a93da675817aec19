-- What has ended while session JWTs of it are still good. A number is never given twice: followers continue by it.
CREATE TABLE revocations (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id BLOB    REFERENCES projects, -- NULL: of every project
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL, -- as it stands in JWTs
    reason     TEXT    NOT NULL,
    ended_at   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX revocations_by_expiry ON revocations (expires_at);
