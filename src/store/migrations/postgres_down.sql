-- Everything that `up` makes but public.pgmigrations, which belongs to Aztec's runner.
DROP TABLE IF EXISTS validator_duties;
DROP TABLE IF EXISTS schema_version;
DROP TABLE IF EXISTS holdfast_ledger;
DROP TABLE IF EXISTS holdfast_watermark;
DROP TABLE IF EXISTS holdfast_cluster;
DROP TABLE IF EXISTS holdfast_nodes;
DROP TABLE IF EXISTS holdfast_migrations;
DROP FUNCTION IF EXISTS holdfast_keep_deleted();
DROP FUNCTION IF EXISTS holdfast_check_insert();
DROP FUNCTION IF EXISTS holdfast_keep_signed();
DROP FUNCTION IF EXISTS holdfast_refuse();
DROP FUNCTION IF EXISTS holdfast_keep_ledger_entry();
DROP FUNCTION IF EXISTS holdfast_prune(TEXT, TEXT, TEXT, BIGINT, BIGINT, BOOLEAN, BIGINT);
DROP FUNCTION IF EXISTS holdfast_keep_ledger();
DROP FUNCTION IF EXISTS holdfast_keep_watermark();
