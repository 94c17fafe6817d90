-- Containers that auto-heal has found by their label: what the hubs declare as services of the project.
CREATE TABLE autoheal_containers (
  project TEXT NOT NULL,
  -- Which engine, as it may be shown.
  engine TEXT NOT NULL,
  container TEXT NOT NULL,
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (project, engine, container)
){{clustered}};
