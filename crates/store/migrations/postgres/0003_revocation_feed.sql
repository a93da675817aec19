-- What has ended while session JWTs of it are still good. A number is never given twice: followers continue by it.
CREATE TABLE revocations (
    number     BIGINT NOT NULL PRIMARY KEY,
    project_id UUID   REFERENCES projects, -- NULL: of every project
    kind       TEXT   NOT NULL,
    id         TEXT   NOT NULL, -- as it stands in JWTs
    reason     TEXT   NOT NULL,
    ended_at   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX revocations_by_expiry ON revocations (expires_at);

-- The last number given. Its row is written last in a transaction and locked until that is committed, so that entries become visible
-- in the order of their numbers: whoever has seen one has seen all before it.
CREATE TABLE revocation_numbers (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    last     BIGINT NOT NULL
);

INSERT INTO revocation_numbers (only_row, last) VALUES (1, 0);
