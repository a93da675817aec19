-- What operators and apps' servers manage.

ALTER TABLE projects ADD COLUMN not_before INTEGER; -- sessions opened before it are over
ALTER TABLE users ADD COLUMN disabled_at INTEGER;
ALTER TABLE sessions ADD COLUMN opened_from TEXT; -- network, cut as limits count it
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;

-- No column of these is written by a rotation.
CREATE INDEX users_by_age ON users (project_id, created_at, id);
CREATE INDEX users_by_email ON users (project_id, email, id);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id);
CREATE INDEX identities_by_user ON identities (user_id);
CREATE INDEX one_time_secrets_by_user ON one_time_secrets (user_id);

CREATE TABLE operator_tokens (
    hash         BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the token's text
    id           BLOB    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT, WITHOUT ROWID;

-- A line says who did it and from where; one about signing keys or operator tokens is of no project.
CREATE TABLE audit_events_with_origins (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    origin     TEXT, -- network, cut as limits count it
    project_id BLOB,
    user_id    BLOB,
    session_id BLOB,
    detail     TEXT    NOT NULL
) STRICT;

-- Until now operators worked at the command line alone.
INSERT INTO audit_events_with_origins
    SELECT number, at, kind,
        iif(kind LIKE 'project_%' OR kind LIKE 'api_key_%' OR kind = 'session_ended', 'command_line', 'user'),
        NULL, project_id, user_id, session_id, detail
    FROM audit_events ORDER BY number;

DROP TABLE audit_events;
ALTER TABLE audit_events_with_origins RENAME TO audit_events;

CREATE INDEX audit_events_by_project ON audit_events (project_id, number);
CREATE INDEX audit_events_by_user ON audit_events (user_id, number) WHERE user_id IS NOT NULL;
