-- Which database this is, and who signs with it (S4).
--
-- One row, made once: the cluster id travels with every copy of the data, so that together with
-- the server's own system identifier and timeline a node can tell its database from another one,
-- from a restored copy, and from a standby that was promoted.
CREATE TABLE IF NOT EXISTS holdfast_cluster (
  only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
  cluster_id TEXT NOT NULL,
  -- False when the operator chose `migrate-ha-db up --no-harden`.
  hardened BOOLEAN NOT NULL DEFAULT true,
  created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO holdfast_cluster (cluster_id)
SELECT md5(random()::text || clock_timestamp()::text || system_identifier)::uuid::text
FROM pg_control_system()
ON CONFLICT (only_row) DO NOTHING;

-- The node registry. A node writes its own row, every few seconds; beat counts how often, so that
-- a database that was set back is noticed by every node that has written to it since.
CREATE TABLE IF NOT EXISTS holdfast_nodes (
  node_id VARCHAR(255) PRIMARY KEY,
  instance_id TEXT NOT NULL,
  place TEXT NOT NULL,
  version TEXT NOT NULL,
  publishers TEXT[] NOT NULL,
  journal_id TEXT NOT NULL,
  journal_sequence BIGINT NOT NULL,
  beat BIGINT NOT NULL,
  running BOOLEAN NOT NULL,
  started_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_seen TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- Whether a node without a row here has ever signed. After the import of a history, or after a stock
-- node's clean-up, all of it may be in the ledger.
CREATE INDEX IF NOT EXISTS idx_holdfast_ledger_node ON holdfast_ledger (node_id);
