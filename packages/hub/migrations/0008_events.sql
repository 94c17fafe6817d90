-- What happened, in the order in which it was stored. `id` is the CloudEvents id of what was pushed, or ours.
CREATE TABLE events (
  seq {{identity}},
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  type TEXT NOT NULL,
  project TEXT NOT NULL,
  service TEXT,
  title TEXT NOT NULL,
  data TEXT
);
CREATE UNIQUE INDEX events_id ON events (project, id);
CREATE INDEX events_project ON events (project, seq);
CREATE INDEX events_at ON events (at);
