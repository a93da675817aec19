-- A signing key has a state, and loses its private half with the end of its signing.

CREATE TABLE signing_keys_with_states (
    kid         TEXT    NOT NULL PRIMARY KEY,
    algorithm   TEXT    NOT NULL,
    public      TEXT    NOT NULL, -- JWK
    sealed      BLOB, -- PKCS#8 under the key ring; only of next and active
    created_at  INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    state_since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Until now the newest key signed, and every key was ES256.
INSERT INTO signing_keys_with_states
    SELECT kid, 'ES256', public, iif(newest, sealed, NULL), created_at, iif(newest, 'active', 'retired'),
        iif(newest, created_at, newest_at)
    FROM (SELECT *, row_number() OVER (ORDER BY created_at DESC, kid) = 1 AS newest,
            max(created_at) OVER () AS newest_at FROM signing_keys);

DROP TABLE signing_keys;
ALTER TABLE signing_keys_with_states RENAME TO signing_keys;

CREATE UNIQUE INDEX signing_keys_one_next_one_active ON signing_keys (algorithm, state)
    WHERE state IN ('next', 'active');

-- A running service follows what other processes do: it looks at this number.
CREATE TABLE signing_changes (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    number   INTEGER NOT NULL
) STRICT;
INSERT INTO signing_changes VALUES (1, 1);

CREATE TRIGGER signing_key_added AFTER INSERT ON signing_keys
    BEGIN UPDATE signing_changes SET number = number + 1; END;
CREATE TRIGGER signing_key_moved AFTER UPDATE ON signing_keys
    BEGIN UPDATE signing_changes SET number = number + 1; END;
CREATE TRIGGER signing_key_forgotten AFTER DELETE ON signing_keys
    BEGIN UPDATE signing_changes SET number = number + 1; END;
CREATE TRIGGER project_added AFTER INSERT ON projects
    BEGIN UPDATE signing_changes SET number = number + 1; END;
CREATE TRIGGER project_policy_changed AFTER UPDATE OF policy ON projects WHEN old.policy <> new.policy
    BEGIN UPDATE signing_changes SET number = number + 1; END;
