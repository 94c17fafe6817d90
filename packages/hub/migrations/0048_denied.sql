-- Who said no to an attempt that asked: it is not asked for again while its alert lives.
ALTER TABLE heal_attempts ADD COLUMN denied_by TEXT;
CREATE INDEX heal_attempts_denied ON heal_attempts (alert_id) WHERE denied_by IS NOT NULL;
