-- Event rules: how far they have read the events (and which numbers before that were missing: they may be committed yet), which event each has acted on already, and what it last saw of a project and service.
CREATE TABLE rule_cursors (
  name TEXT PRIMARY KEY,
  seq BIGINT NOT NULL,
  gaps TEXT NOT NULL
);

-- An event may be read twice (a restart, a second hub, a late commit); this is what makes a rule act on it once.
CREATE TABLE rule_hits (
  rule TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (rule, seq)
){{clustered}};
CREATE INDEX rule_hits_seq ON rule_hits (seq);

-- `began_at`: since when it matches without a gap of its `resolveAfter`, or when it last acted. An empty service is the project itself.
CREATE TABLE rule_matches (
  rule TEXT NOT NULL,
  project TEXT NOT NULL,
  service TEXT NOT NULL,
  began_at BIGINT NOT NULL,
  matched_at BIGINT NOT NULL,
  title TEXT NOT NULL,
  description TEXT,
  recommendation TEXT,
  PRIMARY KEY (rule, project, service)
);
CREATE INDEX rule_matches_project ON rule_matches (project);
