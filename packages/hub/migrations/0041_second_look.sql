-- What a second look saw right before an attempt acted, or instead of it, and when.
ALTER TABLE heal_attempts ADD COLUMN second_look TEXT;
ALTER TABLE heal_attempts ADD COLUMN looked_at BIGINT;
CREATE INDEX heal_attempts_looked ON heal_attempts (looked_at) WHERE looked_at IS NOT NULL;
