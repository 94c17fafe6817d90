-- Who runs which job, and what came of it. A lease's fence grows with every new holder: a paused holder that wakes up finds it moved on.
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  fence BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE TABLE jobs (
  name TEXT PRIMARY KEY,
  runs BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  restarts BIGINT NOT NULL,
  last_run_at BIGINT,
  last_duration_ms BIGINT,
  last_error TEXT,
  last_slot_at BIGINT,
  holder TEXT
);
