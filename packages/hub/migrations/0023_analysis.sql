-- What each daily analysis came to: one row a run, written with the event that tells of it.
CREATE TABLE analyses (
  at BIGINT PRIMARY KEY,
  from_at BIGINT NOT NULL,
  projects TEXT NOT NULL,
  insights TEXT NOT NULL
);
