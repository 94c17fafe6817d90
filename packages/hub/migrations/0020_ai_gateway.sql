-- Keys of AI providers that are left alone until then, as some hub has seen: a breaker that is open, or a Retry-After.
CREATE TABLE ai_rests (
  provider TEXT NOT NULL,
  key_id TEXT NOT NULL,
  until BIGINT NOT NULL,
  hub TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (provider, key_id)
){{clustered}};

-- Leads: extracted by a call (`source_id` is its audit id) or told by a product (`source_id` is the project and the id of its event).
CREATE TABLE leads (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  tenant TEXT,
  project TEXT,
  source TEXT NOT NULL,
  source_id TEXT NOT NULL,
  fields TEXT NOT NULL
);
CREATE UNIQUE INDEX leads_source ON leads (source, source_id);
CREATE INDEX leads_tenant ON leads (tenant, id);
CREATE INDEX leads_project ON leads (project, id);
