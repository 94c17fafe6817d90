-- Second factors and passkeys belong to Better Auth, as people and sessions do: dates are ISO 8601 texts, booleans 0 and 1.
ALTER TABLE users ADD COLUMN two_factor_enabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN disabled_at BIGINT;
ALTER TABLE users ADD COLUMN last_seen_at BIGINT;
CREATE TABLE two_factors (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
  secret TEXT NOT NULL,
  backup_codes TEXT NOT NULL,
  verified INTEGER NOT NULL,
  failed_verification_count INTEGER,
  locked_until TEXT
);
-- A code of the second factor counts once: whoever saw it cannot use it again within its minute.
CREATE TABLE used_codes (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  code TEXT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, code)
);
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY,
  name TEXT,
  public_key TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  credential_id TEXT NOT NULL UNIQUE,
  counter BIGINT NOT NULL,
  device_type TEXT NOT NULL,
  backed_up INTEGER NOT NULL,
  transports TEXT,
  created_at TEXT,
  aaguid TEXT
);
CREATE INDEX passkeys_user ON passkeys (user_id);
CREATE TABLE invitations (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  tenant TEXT,
  invited_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  accepted_at BIGINT,
  revoked_at BIGINT
);
-- Links that were handed out: only the sha256 of a token is kept.
CREATE TABLE links (
  hash TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX links_subject ON links (kind, subject);
-- Mails that are due. A wish for a new password stands here whether or not the address has an account, so that asking costs the same.
CREATE TABLE mails (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  done_at BIGINT,
  outcome TEXT
);
CREATE INDEX mails_due ON mails (next_at) WHERE done_at IS NULL;
-- A rotated key: the secret before counts until a stated time.
ALTER TABLE api_keys ADD COLUMN previous_hash TEXT;
ALTER TABLE api_keys ADD COLUMN previous_until BIGINT;
ALTER TABLE api_keys ADD COLUMN rotated_at BIGINT;
