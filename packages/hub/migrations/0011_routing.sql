-- What is told may be told again (`seq`: the number of the reminder, the step of the escalation), later than it happened (`planned_at`:
-- when it was first to be told), by a route, and not at all: then `reason` says why in words.
ALTER TABLE deliveries ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN planned_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN route TEXT;
ALTER TABLE deliveries ADD COLUMN reason TEXT;
UPDATE deliveries SET planned_at = created_at;
DROP INDEX deliveries_once;
CREATE UNIQUE INDEX deliveries_once ON deliveries (alert_id, type, channel, seq);

-- For some time nobody is told of the alerts that `match` fits. What ended early has `ended_by`, and `until_at` is when it did.
CREATE TABLE silences (
  id TEXT PRIMARY KEY,
  match TEXT NOT NULL,
  reason TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  ended_by TEXT
);
CREATE INDEX silences_by_end ON silences (until_at);

-- Maintenance that was declared through the API; that of orrery.yaml is not stored. `over_at` is the end of the last window, null while
-- there is always another one.
CREATE TABLE maintenance (
  name TEXT PRIMARY KEY,
  declaration TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  over_at BIGINT
);
