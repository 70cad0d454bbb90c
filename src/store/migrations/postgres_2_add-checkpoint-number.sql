-- Aztec's migration 2_add-checkpoint-number.
ALTER TABLE validator_duties ADD COLUMN IF NOT EXISTS checkpoint_number BIGINT NOT NULL DEFAULT 0;

UPDATE schema_version SET version = 2 WHERE version = 1;
