-- What changes of a session stands in a row of its own: a rotation writes that one, and each page keeps room for the new version of a row,
-- so that the write touches that page alone. No index may hold a column that a rotation writes. What stays in the other row never changes.

CREATE TABLE session_states (
    session_id      UUID   NOT NULL PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    generation      BIGINT NOT NULL,
    branches_issued BIGINT NOT NULL,
    rotated_at      BIGINT NOT NULL,
    parent_winner   BIGINT, -- NULL: any branch
    sibling_branch  BIGINT,
    late_branch     BIGINT,
    late_branch_at  BIGINT,
    idle_expires_at BIGINT NOT NULL,
    ended_at        BIGINT,
    end_reason      TEXT
) WITH (fillfactor = 85);

INSERT INTO session_states SELECT id, generation, branches_issued, rotated_at, parent_winner, sibling_branch, late_branch,
    late_branch_at, idle_expires_at, ended_at, end_reason FROM sessions;

ALTER TABLE sessions
    DROP COLUMN generation,
    DROP COLUMN branches_issued,
    DROP COLUMN rotated_at,
    DROP COLUMN parent_winner,
    DROP COLUMN sibling_branch,
    DROP COLUMN late_branch,
    DROP COLUMN late_branch_at,
    DROP COLUMN idle_expires_at,
    DROP COLUMN ended_at,
    DROP COLUMN end_reason;
