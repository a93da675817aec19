-- What changes of a session stands in a row of its own, a tenth of the other's size: a rotation writes that one, ninety of which share a
-- page. A disk writes a page here and a page there twenty thousand times a second; pages side by side it writes at once. With a million
-- sessions the states lie on a tenth of the pages, so that those of a checkpoint lie side by side.
--
-- What never changes lies in the order in which sessions were opened.

CREATE TABLE session_states (
    session_id      BLOB    NOT NULL PRIMARY KEY REFERENCES opened_sessions ON DELETE CASCADE,
    generation      INTEGER NOT NULL,
    branches_issued INTEGER NOT NULL,
    rotated_at      INTEGER NOT NULL,
    parent_winner   INTEGER, -- NULL: any branch
    sibling_branch  INTEGER,
    late_branch     INTEGER,
    late_branch_at  INTEGER,
    idle_expires_at INTEGER NOT NULL,
    ended_at        INTEGER,
    end_reason      TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE opened_sessions (
    id                  BLOB    NOT NULL PRIMARY KEY,
    project_id          BLOB    NOT NULL REFERENCES projects,
    user_id             BLOB    NOT NULL REFERENCES users,
    method              TEXT    NOT NULL,
    amr                 TEXT    NOT NULL,
    proven_at           INTEGER NOT NULL,
    user_agent          TEXT,
    client              TEXT,
    opened_from         TEXT, -- network, cut as limits count it
    created_at          INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    email               TEXT -- the user's, so that a refresh needs not read their row
) STRICT;

INSERT INTO opened_sessions SELECT id, project_id, user_id, method, amr, proven_at, user_agent, client, opened_from, created_at,
    absolute_expires_at, email FROM sessions ORDER BY created_at;
INSERT INTO session_states SELECT id, generation, branches_issued, rotated_at, parent_winner, sibling_branch, late_branch,
    late_branch_at, idle_expires_at, ended_at, end_reason FROM sessions ORDER BY id;

DROP TABLE sessions;
ALTER TABLE opened_sessions RENAME TO sessions;

CREATE INDEX sessions_by_absolute_expiry ON sessions (absolute_expires_at);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id);
