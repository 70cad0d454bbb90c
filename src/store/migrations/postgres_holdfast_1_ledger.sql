-- What Aztec's tables do not remember. The ledger keeps every deleted row that bears a signature
-- or may have been signed (S3); a watermark refuses a slot and all below it, so that history under
-- it may be pruned. Addresses and hashes are lower case here, whatever the deleted row had.
CREATE TABLE IF NOT EXISTS holdfast_ledger (
  rollup_address VARCHAR(42) NOT NULL,
  validator_address VARCHAR(42) NOT NULL,
  slot BIGINT NOT NULL,
  duty_type VARCHAR(30) NOT NULL,
  block_index_within_checkpoint INTEGER NOT NULL,
  block_number BIGINT NOT NULL,
  checkpoint_number BIGINT NOT NULL DEFAULT 0,
  status VARCHAR(20) NOT NULL,
  message_hash VARCHAR(66) NOT NULL,
  signature VARCHAR(132),
  node_id VARCHAR(255) NOT NULL,
  lock_token VARCHAR(64) NOT NULL,
  started_at TIMESTAMP NOT NULL,
  completed_at TIMESTAMP,
  error_message TEXT,
  deleted_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  deleted_by TEXT NOT NULL DEFAULT SESSION_USER,
  PRIMARY KEY (rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint)
);

CREATE TABLE IF NOT EXISTS holdfast_watermark (
  rollup_address VARCHAR(42) NOT NULL,
  validator_address VARCHAR(42) NOT NULL,
  duty_type VARCHAR(30) NOT NULL,
  slot BIGINT NOT NULL,
  raised_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (rollup_address, validator_address, duty_type)
);
