-- The hubs that live on this database; times are the database's own. A hub whose time ran out is deleted before another takes its probes,
-- and what it writes afterwards finds its row gone. `view` names the hubs that it reckons with: probes change hands once all have the same.
CREATE TABLE hubs (
  id TEXT PRIMARY KEY,
  fence BIGINT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  since BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  view TEXT,
  probes INTEGER NOT NULL,
  isolated_since BIGINT,
  isolated_reason TEXT
);
-- What each of several hubs saw of a probe that they watch together, by the database's clock.
CREATE TABLE probe_votes (
  probe TEXT NOT NULL,
  hub TEXT NOT NULL,
  status TEXT NOT NULL,
  at BIGINT NOT NULL,
  reason TEXT,
  PRIMARY KEY (probe, hub)
){{clustered}};
-- When the status changed between well and unwell of late (a list of epoch ms), and when the newest check began, by the clock that all hubs share.
ALTER TABLE probes_state ADD COLUMN flips TEXT NOT NULL DEFAULT '[]';
ALTER TABLE probes_state ADD COLUMN ran_at BIGINT;
