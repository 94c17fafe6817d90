-- What instances measured: one row for each window they told of, for a little over an hour. `body` is the window as JSON.
CREATE TABLE performance_windows (
  project TEXT NOT NULL,
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  folded INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (project, id)
){{clustered}};
CREATE INDEX performance_windows_at ON performance_windows (at);
CREATE INDEX performance_windows_folded ON performance_windows (folded, at);
-- The same by hour, route and statement: what is usual is read from it. `sketch` goes when the hour can change no more.
CREATE TABLE performance_hours (
  project TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  hour BIGINT NOT NULL,
  count BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  total_ms DOUBLE PRECISION NOT NULL,
  p50_ms DOUBLE PRECISION NOT NULL,
  p95_ms DOUBLE PRECISION NOT NULL,
  sketch TEXT,
  PRIMARY KEY (project, kind, subject, hour)
){{clustered}};
CREATE INDEX performance_hours_hour ON performance_hours (hour);
-- Routes and statements by name; `subject` is the digest of it.
CREATE TABLE performance_subjects (
  project TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (project, kind, subject)
){{clustered}};
-- What is wrong now. `said` is what is told of it, as JSON.
CREATE TABLE performance_problems (
  fingerprint TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  since BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  said TEXT NOT NULL
);
CREATE INDEX performance_problems_project ON performance_problems (project);
-- What a look at a declared database advised; a look replaces what the one before said.
CREATE TABLE performance_advice (
  id TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  advice TEXT NOT NULL
);
CREATE INDEX performance_advice_project ON performance_advice (project);
CREATE TABLE performance_looks (
  project TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  good_at BIGINT,
  error TEXT,
  notes TEXT NOT NULL
);
