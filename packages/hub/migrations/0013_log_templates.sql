-- Log lines by their template. `counts` holds lines by ten minutes of the last day, as JSON [[bucket, lines], …].
CREATE TABLE log_templates (
  id TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  service TEXT NOT NULL,
  template TEXT NOT NULL,
  level INTEGER NOT NULL,
  example TEXT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  total BIGINT NOT NULL,
  counts TEXT NOT NULL
);
CREATE INDEX log_templates_source ON log_templates (project, service);
-- Which logs are mined, and since when they are known.
CREATE TABLE log_sources (
  project TEXT NOT NULL,
  service TEXT NOT NULL,
  since BIGINT NOT NULL,
  lines BIGINT NOT NULL,
  PRIMARY KEY (project, service)
){{clustered}};
-- How far the stored lines were mined: one row.
CREATE TABLE log_mining (
  id INTEGER PRIMARY KEY,
  last_line BIGINT NOT NULL
);
INSERT INTO log_mining (id, last_line) VALUES (1, 0);
