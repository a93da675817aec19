-- A user has few sessions, so that they are sorted when they are read: the index holds the user alone, and half the bytes.

CREATE INDEX sessions_of_user ON sessions (user_id);
DROP INDEX sessions_by_user;
