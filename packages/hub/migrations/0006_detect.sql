-- What a detector remembers of a condition that holds, or has begun to hold: since when, up to which fact, and what it says while firing.
CREATE TABLE conditions (
  fingerprint TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  detector TEXT NOT NULL,
  since BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  firing INTEGER NOT NULL,
  finding TEXT
);
CREATE INDEX conditions_by_project ON conditions (project);
