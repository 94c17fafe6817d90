-- What is general about the trouble and the remedy of an attempt, as JSON, frozen when it was decided; and when learning counted it.
ALTER TABLE heal_attempts ADD COLUMN symptom TEXT;
ALTER TABLE heal_attempts ADD COLUMN remedy_form TEXT;
ALTER TABLE heal_attempts ADD COLUMN learned_at BIGINT;
CREATE INDEX heal_attempts_unlearned ON heal_attempts (ended_at)
  WHERE learned_at IS NULL AND symptom IS NOT NULL AND outcome IN ('healed', 'no effect', 'worse', 'failed');
-- One row an attempt that was verified (its id), or one a pattern of a file that was imported: counted once by its key.
CREATE TABLE pattern_evidence (
  id TEXT PRIMARY KEY,
  pattern_id TEXT NOT NULL,
  import_id TEXT,
  project TEXT NOT NULL,
  service TEXT NOT NULL,
  -- The symptom as canonical JSON.
  symptom TEXT NOT NULL,
  remedy_kind TEXT NOT NULL,
  remedy_form TEXT NOT NULL,
  tries DOUBLE PRECISION NOT NULL,
  successes DOUBLE PRECISION NOT NULL,
  at BIGINT NOT NULL,
  learned_at BIGINT NOT NULL
);
CREATE INDEX pattern_evidence_at ON pattern_evidence (at);
CREATE INDEX pattern_evidence_pattern ON pattern_evidence (pattern_id, at);
CREATE TABLE pattern_imports (
  id TEXT PRIMARY KEY,
  by_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  patterns BIGINT NOT NULL
);
-- That a person lets a remedy try again at one service: what came before does not suppress it any more.
CREATE TABLE pattern_allowances (
  id TEXT PRIMARY KEY,
  by_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  reason TEXT NOT NULL
);
