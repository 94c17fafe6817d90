-- What another hub than the one that runs the jobs can tell of them: whether a job rests after failures, and when it comes next.
ALTER TABLE jobs ADD COLUMN consecutive BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN next_run_at BIGINT;
-- A restart is asked for at any hub and done by the one that leads: `asked` counts the first, `done` follows it.
CREATE TABLE agents (
  name TEXT PRIMARY KEY,
  asked BIGINT NOT NULL,
  done BIGINT NOT NULL,
  asked_at BIGINT NOT NULL
);
