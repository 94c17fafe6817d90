-- Actions asked of instances: one row a request, one a project. A part is written before anything leaves, and holds what came of it.
CREATE TABLE fanouts (
  id TEXT PRIMARY KEY,
  action TEXT NOT NULL,
  instance_action TEXT NOT NULL,
  params TEXT,
  requested_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT
);
-- `status`: sending (by `holder`, until `due_at`), sent, denied, failed. `collect_at`: when the instance is asked next what became of it.
CREATE TABLE fanout_parts (
  fanout TEXT NOT NULL REFERENCES fanouts (id) ON DELETE CASCADE,
  project TEXT NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  attempts INTEGER NOT NULL,
  due_at BIGINT NOT NULL,
  holder TEXT,
  via TEXT,
  audit_id TEXT,
  sent_at BIGINT,
  settled_at BIGINT,
  collect_at BIGINT,
  collects INTEGER NOT NULL,
  run_status TEXT,
  run TEXT,
  run_unknown TEXT,
  PRIMARY KEY (fanout, project)
);
CREATE INDEX fanout_parts_due ON fanout_parts (status, due_at);
CREATE INDEX fanout_parts_collect ON fanout_parts (collect_at);
CREATE INDEX fanout_parts_project ON fanout_parts (project, fanout);
