-- What was asked and answered in a call, for tenants that want it kept: redacted, sealed, and gone at `until_at`.
CREATE TABLE ai_contents (
  call_id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  sealed TEXT NOT NULL
);
CREATE INDEX ai_contents_until ON ai_contents (until_at);
