-- What the hub thinks of each probe. `hours` holds the checks of the last day by the hour, from which the uptime is read.
CREATE TABLE probes_state (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  since BIGINT,
  last_check_at BIGINT,
  latency_ms DOUBLE PRECISION,
  reason TEXT,
  failures BIGINT NOT NULL,
  streak INTEGER NOT NULL,
  pending TEXT,
  checks TEXT,
  hours TEXT NOT NULL,
  log_cursor TEXT,
  log_since BIGINT,
  log_note TEXT
);
-- One row a check. `probe` is a number made from the probe's id: a short key for the longest table of the room.
-- status 0 up, 1 degraded, 2 down.
CREATE TABLE checks (
  probe BIGINT NOT NULL,
  at BIGINT NOT NULL,
  status INTEGER NOT NULL,
  latency_ms DOUBLE PRECISION,
  reason TEXT,
  PRIMARY KEY (probe, at)
){{clustered}};
-- Beats of dead man's switches. The token of a beat is derived from the hub's key and never stored.
CREATE TABLE heartbeats (
  id TEXT PRIMARY KEY,
  first_at BIGINT NOT NULL,
  last_at BIGINT,
  failed INTEGER NOT NULL,
  beats BIGINT NOT NULL
);
-- Copies of the instances' logs; level 0 debug to 4 fatal.
CREATE TABLE log_entries (
  id {{identity}},
  project TEXT NOT NULL,
  service TEXT NOT NULL,
  at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  level INTEGER NOT NULL,
  message TEXT NOT NULL,
  fields TEXT
);
CREATE INDEX log_entries_project ON log_entries (project, id);
-- Ids of pushed events that were taken in, so that a second delivery changes nothing.
CREATE TABLE inbox (
  project TEXT NOT NULL,
  id TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (project, id)
){{clustered}};
CREATE INDEX inbox_received ON inbox (received_at);
