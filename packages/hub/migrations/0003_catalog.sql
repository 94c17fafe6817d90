-- One row a project. The declaration is kept whole, as it was checked at the door; keys are sealed or hashed, never in it.
CREATE TABLE projects (
  slug TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  tenant TEXT,
  declaration TEXT NOT NULL,
  api_key_sealed TEXT,
  ingest_key_hash TEXT,
  declared_source TEXT NOT NULL,
  declared_ref TEXT,
  first_seen_at BIGINT,
  last_seen_at BIGINT,
  version TEXT,
  capabilities TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX projects_ingest_key ON projects (ingest_key_hash);
CREATE TABLE endpoints (
  project TEXT NOT NULL REFERENCES projects (slug) ON DELETE CASCADE,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  auth_kind TEXT NOT NULL,
  status TEXT NOT NULL,
  latency_ms DOUBLE PRECISION,
  reason TEXT,
  last_verified_at BIGINT,
  PRIMARY KEY (project, name)
);
