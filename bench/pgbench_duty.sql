-- The two statements that a duty costs, as plain prepared statements: what the database can do
-- without any batching. Run with pgbench --protocol=prepared.
\set slot random(1, 9000000000000000)
INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number,
  block_index_within_checkpoint, duty_type, status, message_hash, node_id, lock_token)
VALUES ('0x1111111111111111111111111111111111111111',
  '0x2222222222222222222222222222222222222222', :slot, 50, 0, 'BLOCK_PROPOSAL', 'signing',
  '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'pgbench',
  'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb')
ON CONFLICT DO NOTHING RETURNING lock_token;
UPDATE validator_duties SET status = 'signed', completed_at = CURRENT_TIMESTAMP,
  signature = '0xcccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc'
WHERE rollup_address = '0x1111111111111111111111111111111111111111'
  AND validator_address = '0x2222222222222222222222222222222222222222'
  AND slot = :slot AND duty_type = 'BLOCK_PROPOSAL' AND block_index_within_checkpoint = 0
  AND status = 'signing' AND lock_token = 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb';
