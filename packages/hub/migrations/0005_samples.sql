-- One row per series. An absent service is '', absent tags are '{}', so that one unique key covers every case.
-- last_at and last_value are the newest sealed point: newer ones stand in samples.
CREATE TABLE series (
  id {{identity}},
  project TEXT NOT NULL,
  key TEXT NOT NULL,
  service TEXT NOT NULL,
  tags TEXT NOT NULL,
  kind TEXT NOT NULL,
  unit TEXT,
  active_at BIGINT NOT NULL,
  last_at BIGINT,
  last_value DOUBLE PRECISION,
  UNIQUE (project, key, service, tags, kind)
);
CREATE INDEX series_by_key ON series (key, project);

-- The newest hours, one row per sample. The table stays small, so that writing costs the same after a year as on the first day.
CREATE TABLE samples (
  series_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (series_id, at)
){{clustered}};

-- Text values, run by run: the same text from `at` until `until`.
CREATE TABLE texts (
  series_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  until BIGINT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (series_id, at)
){{clustered}};

-- Everything older, packed by the hour. kind 0: raw points that have minute buckets beside them; 1: minute buckets;
-- 2: raw points, at most one a minute, which are their own minute buckets.
CREATE TABLE blocks (
  series_id BIGINT NOT NULL,
  kind INTEGER NOT NULL,
  start BIGINT NOT NULL,
  points INTEGER NOT NULL,
  data {{blob}} NOT NULL,
  PRIMARY KEY (series_id, kind, start)
);

-- Hour buckets, six hours in a row. They outlive the blocks by far: among those they would hold half-empty pages.
CREATE TABLE hours (
  series_id BIGINT NOT NULL,
  start BIGINT NOT NULL,
  data {{blob}} NOT NULL,
  PRIMARY KEY (series_id, start)
);
