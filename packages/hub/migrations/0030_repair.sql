-- One row a heal attempt, written before it acts. `plan` is the frozen remedy as JSON, sealed: it may hold secrets.
CREATE TABLE heal_attempts (
  id TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  service TEXT NOT NULL,
  policy TEXT NOT NULL,
  alert_id TEXT NOT NULL,
  alert_title TEXT NOT NULL,
  severity TEXT NOT NULL,
  diagnosis TEXT NOT NULL,
  remedy_kind TEXT NOT NULL,
  remedy_text TEXT NOT NULL,
  plan TEXT NOT NULL,
  verdict TEXT NOT NULL,
  status TEXT NOT NULL,
  outcome TEXT,
  detail TEXT,
  rollback TEXT,
  -- How every service of the project was when it was decided, as JSON {service: status}.
  before_states TEXT NOT NULL,
  within_ms BIGINT NOT NULL,
  stable_ms BIGINT NOT NULL,
  approved_by TEXT,
  holder TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  acting_at BIGINT,
  acted_at BIGINT,
  well_since BIGINT,
  ended_at BIGINT
);
-- A target has one attempt that has not ended, however many hubs look at it.
CREATE UNIQUE INDEX heal_attempts_target ON heal_attempts (project, service) WHERE status <> 'done';
CREATE INDEX heal_attempts_acted ON heal_attempts (project, service, acting_at);
CREATE INDEX heal_attempts_recent ON heal_attempts (created_at);
-- What the guard last said of a policy, and since when.
CREATE TABLE heal_verdicts (
  project TEXT NOT NULL,
  service TEXT NOT NULL,
  policy TEXT NOT NULL,
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  since BIGINT NOT NULL,
  alert_id TEXT NOT NULL,
  PRIMARY KEY (project, service, policy)
){{clustered}};
-- The kill switch: one row.
CREATE TABLE heal_control (
  id INTEGER PRIMARY KEY,
  paused_by TEXT,
  paused_at BIGINT,
  reason TEXT
);
INSERT INTO heal_control (id, paused_by, paused_at, reason) VALUES (1, NULL, NULL, NULL);
