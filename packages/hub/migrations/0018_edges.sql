-- Integrations that instances report (`hint`) or that their calls show (`learned`); declared ones stand in the declarations.
-- `strength` is that of `proof_at`: how much is left of it is reckoned when it is read. `calls` is calls an hour.
CREATE TABLE edges (
  from_project TEXT NOT NULL,
  to_project TEXT NOT NULL,
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  strength DOUBLE PRECISION NOT NULL,
  first_at BIGINT NOT NULL,
  proof_at BIGINT NOT NULL,
  reports BIGINT NOT NULL,
  calls DOUBLE PRECISION,
  proof TEXT,
  PRIMARY KEY (from_project, to_project, kind, source)
){{clustered}};
CREATE INDEX edges_proof_at ON edges (proof_at);
