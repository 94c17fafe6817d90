-- A finding with a life. `suppressed` is 1 from the moment a person resolves an alert whose finding may still fire until the finding
-- clears once. One fingerprint has at most one living or suppressed alert: the index decides every race to open.
CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  detector TEXT NOT NULL,
  project TEXT NOT NULL,
  service TEXT,
  severity TEXT NOT NULL,
  category TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  recommendation TEXT,
  auto_fixable INTEGER NOT NULL,
  status TEXT NOT NULL,
  suppressed INTEGER NOT NULL,
  occurrences BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  acknowledged_by TEXT,
  acknowledged_at BIGINT,
  resolved_by TEXT,
  resolved_at BIGINT
);
CREATE UNIQUE INDEX alerts_living ON alerts (fingerprint) WHERE status IN ('open', 'acknowledged', 'ignored') OR suppressed = 1;
CREATE INDEX alerts_held ON alerts (project) WHERE status IN ('open', 'acknowledged', 'ignored') OR suppressed = 1;
CREATE INDEX alerts_by_status ON alerts (status, id);
CREATE INDEX alerts_by_project ON alerts (project, id);
CREATE INDEX alerts_by_resolution ON alerts (resolved_at) WHERE status = 'resolved';

-- The newest evaluation that changed a project's alerts: hubs take turns on the row, and an older evaluation changes nothing.
CREATE TABLE alert_scopes (
  project TEXT PRIMARY KEY,
  reconciled_at BIGINT NOT NULL
);

-- The outbox: what is to be told to whom, written with the change that it tells of. `due_at` is when a hub may take the row:
-- the next attempt of a pending one, the end of the sender's lease of one that is being sent.
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  alert_id TEXT REFERENCES alerts (id) ON DELETE CASCADE,
  channel TEXT NOT NULL,
  type TEXT NOT NULL,
  title TEXT NOT NULL,
  payload TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due_at BIGINT NOT NULL,
  holder TEXT,
  possible_repeat INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  settled_at BIGINT,
  last_error TEXT
);
CREATE UNIQUE INDEX deliveries_once ON deliveries (alert_id, type, channel);
CREATE INDEX deliveries_due ON deliveries (channel, due_at) WHERE status IN ('pending', 'sending');
CREATE INDEX deliveries_by_channel ON deliveries (channel, id);

-- What every hub must know of a channel: whether it rests after failures, and what came of it so far.
CREATE TABLE channel_states (
  name TEXT PRIMARY KEY,
  failing_since BIGINT,
  paused_until BIGINT,
  last_delivered_at BIGINT,
  last_error TEXT,
  delivered BIGINT NOT NULL,
  failed BIGINT NOT NULL
);
