-- A signing key has a state, and loses its private half with the end of its signing.

ALTER TABLE signing_keys ADD COLUMN algorithm TEXT NOT NULL;
ALTER TABLE signing_keys ADD COLUMN state TEXT NOT NULL;
ALTER TABLE signing_keys ADD COLUMN state_since BIGINT NOT NULL;

CREATE UNIQUE INDEX signing_keys_one_next_one_active ON signing_keys (algorithm, state)
    WHERE state IN ('next', 'active');

-- A running service follows what others do: it looks at this number. Whoever decides over signing keys holds the row's lock.
CREATE TABLE signing_changes (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    number   BIGINT NOT NULL
);

INSERT INTO signing_changes (only_row, number) VALUES (1, 1);
