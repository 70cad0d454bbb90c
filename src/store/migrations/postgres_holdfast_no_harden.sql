-- `migrate-ha-db up --no-harden`: other programs may again do to validator_duties what they like.
-- The guards of the ledger and of the watermarks stay.
DROP TRIGGER IF EXISTS holdfast_keep_deleted ON validator_duties;
DROP TRIGGER IF EXISTS holdfast_check_insert ON validator_duties;
DROP TRIGGER IF EXISTS holdfast_check_signature ON validator_duties;
DROP TRIGGER IF EXISTS holdfast_keep_signed ON validator_duties;
DROP TRIGGER IF EXISTS holdfast_refuse_truncate ON validator_duties;
