-- The newest message of each kind that a project's hubs sent: presence and health by hub, summaries by project. An older one never
-- replaces a newer one, whatever order they arrive in.
CREATE TABLE mesh_state (
  project TEXT NOT NULL,
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  at BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (project, kind, source)
){{clustered}};
