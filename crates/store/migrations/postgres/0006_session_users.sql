-- What was proven before all of a user's sessions were ended is proven no more, also where no session was alive to tell.

ALTER TABLE users ADD COLUMN sessions_ended_at BIGINT;

-- A refresh answers with the user's address. It stands in the session's row, too, so that the user's, which lies elsewhere, is not
-- read for it. Whoever changes the one changes the other.

ALTER TABLE sessions ADD COLUMN email TEXT;
