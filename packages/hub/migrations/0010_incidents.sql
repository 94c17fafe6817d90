-- Alerts with one probable cause. What an incident consists of stands in `alerts.incident_id`; one that turned out to be part of another
-- names it in `merged_into` and is over. `last_opening_at` is when the newest of its alerts opened.
CREATE TABLE incidents (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  root_alert_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  merged_into TEXT,
  started_at BIGINT NOT NULL,
  last_opening_at BIGINT NOT NULL,
  last_change_at BIGINT NOT NULL,
  resolved_at BIGINT
);
CREATE INDEX incidents_open ON incidents (id) WHERE status = 'open';
CREATE INDEX incidents_by_resolution ON incidents (resolved_at) WHERE status = 'resolved';

-- `inhibited_by`: the open alert on what this one depends on. `settle_ms`: how long a recovery must last before people are told of it.
-- `returns_as`: what the alert was when it recovered, and is again when its finding comes back within that time.
ALTER TABLE alerts ADD COLUMN incident_id TEXT;
ALTER TABLE alerts ADD COLUMN inhibited_by TEXT;
ALTER TABLE alerts ADD COLUMN settle_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN returns_as TEXT;
CREATE INDEX alerts_by_incident ON alerts (incident_id);
CREATE INDEX alerts_by_finding ON alerts (fingerprint, resolved_at);

-- One row, taken first by whatever opens, ends or puts aside alerts: on several hubs they do so in turn, and each sees what the one before did.
CREATE TABLE alert_turn (
  id INTEGER PRIMARY KEY,
  turn BIGINT NOT NULL
);
INSERT INTO alert_turn (id, turn) VALUES (1, 0);
