-- What was proven before all of a user's sessions were ended is proven no more, also where no session was alive to tell.

ALTER TABLE users ADD COLUMN sessions_ended_at INTEGER;
