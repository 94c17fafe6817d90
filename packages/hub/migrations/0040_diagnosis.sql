-- What an incident was found to come from, newest row last; of each incident a few are kept. `facts` is the evidence with what it speaks for.
CREATE TABLE diagnoses (
  id TEXT PRIMARY KEY,
  incident_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  -- Causes and evidence as JSON.
  causes TEXT NOT NULL,
  facts TEXT NOT NULL,
  -- By what alike incidents are known: the explanation of one serves the others.
  fingerprint TEXT NOT NULL
);
CREATE INDEX diagnoses_incident ON diagnoses (incident_id, id);
CREATE INDEX diagnoses_at ON diagnoses (at);
-- What of an incident was diagnosed: `seen` is the state that it had. `due_at` is when it is looked at again for evidence that comes late.
CREATE TABLE diagnosis_work (
  incident_id TEXT PRIMARY KEY,
  seen TEXT NOT NULL,
  rounds INTEGER NOT NULL,
  looked_at BIGINT NOT NULL,
  due_at BIGINT
){{clustered}};
-- What a model made of an incident's evidence. A row is written before it is asked: of several hubs one asks, and not again for some time.
CREATE TABLE diagnosis_explanations (
  fingerprint TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  explanation TEXT,
  detail TEXT
){{clustered}};
CREATE INDEX diagnosis_explanations_asked ON diagnosis_explanations (asked_at);
-- What was done to projects, among very many events that tell of something else.
CREATE INDEX events_changes ON events (project, at)
  WHERE substr(type, 1, 5) IN ('deplo', 'relea', 'rollo', 'rollb', 'confi', 'featu', 'flag.', 'setti', 'migra', 'secre', 'scale');
