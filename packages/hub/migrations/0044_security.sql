-- Attacks on products: one row for what one actor tried on one route by one rule. There is no column for a payload or an address.
CREATE TABLE security_incidents (
  id TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  family TEXT NOT NULL,
  rule TEXT NOT NULL,
  route TEXT NOT NULL,
  place TEXT NOT NULL,
  -- A keyed hash that is another one each day, or unknown, several, others.
  actor TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  total BIGINT NOT NULL,
  passed BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX security_incidents_fingerprint ON security_incidents (fingerprint);
CREATE INDEX security_incidents_project ON security_incidents (project, last_at);
CREATE INDEX security_incidents_recent ON security_incidents (last_at);
-- Attacks of an incident by ten minutes: epoch ms / 600,000.
CREATE TABLE security_counts (
  incident TEXT NOT NULL,
  bucket BIGINT NOT NULL,
  attacks BIGINT NOT NULL,
  PRIMARY KEY (incident, bucket)
){{clustered}};
