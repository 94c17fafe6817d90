-- A customer or a business unit. A tenant of null, on a person, a key or a project, is the operating company's own.
CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  tier INTEGER,
  features TEXT NOT NULL,
  declared_source TEXT NOT NULL,
  declared_ref TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
ALTER TABLE users ADD COLUMN tenant TEXT;
ALTER TABLE api_keys ADD COLUMN tenant TEXT;
CREATE INDEX users_tenant ON users (tenant);
CREATE INDEX api_keys_tenant ON api_keys (tenant);
CREATE INDEX projects_tenant ON projects (tenant);
