-- What operators and apps' servers manage.

ALTER TABLE projects ADD COLUMN not_before BIGINT; -- sessions opened before it are over
ALTER TABLE users ADD COLUMN disabled_at BIGINT;
ALTER TABLE sessions ADD COLUMN opened_from TEXT; -- network, cut as limits count it
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;

-- No column of these is written by a rotation.
CREATE INDEX users_by_age ON users (project_id, created_at, id);
CREATE INDEX users_by_email ON users (project_id, email, id);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id);
CREATE INDEX identities_by_user ON identities (user_id);
CREATE INDEX one_time_secrets_by_user ON one_time_secrets (user_id);

CREATE TABLE operator_tokens (
    hash         BYTEA  NOT NULL PRIMARY KEY, -- SHA-256 of the token's text
    id           UUID   NOT NULL UNIQUE,
    name         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT
);

-- A line says who did it and from where.
ALTER TABLE audit_events ADD COLUMN actor TEXT NOT NULL;
ALTER TABLE audit_events ADD COLUMN origin TEXT; -- network, cut as limits count it

CREATE INDEX audit_events_by_user ON audit_events (user_id, number) WHERE user_id IS NOT NULL;
