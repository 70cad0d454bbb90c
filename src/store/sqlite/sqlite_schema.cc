#include "store/sqlite/sqlite_schema.h"

#include <fmt/format.h>

namespace holdfast {
namespace {

/** "HFD1": marks the file as ours, for file(1) and for us. */
constexpr std::int64_t kApplicationId = 0x48464431;

constexpr const char* kTables = R"sql(
CREATE TABLE validator_duties (
  rollup_address TEXT NOT NULL CHECK (length(rollup_address) = 42
    AND rollup_address GLOB '0x*' AND substr(rollup_address, 3) NOT GLOB '*[^0-9a-f]*'),
  validator_address TEXT NOT NULL CHECK (length(validator_address) = 42
    AND validator_address GLOB '0x*' AND substr(validator_address, 3) NOT GLOB '*[^0-9a-f]*'),
  slot INTEGER NOT NULL CHECK (slot >= 0),
  block_number INTEGER NOT NULL,
  checkpoint_number INTEGER NOT NULL DEFAULT 0,
  block_index_within_checkpoint INTEGER NOT NULL DEFAULT 0
    CHECK (block_index_within_checkpoint >= -1),
  duty_type TEXT NOT NULL CHECK (duty_type IN ('BLOCK_PROPOSAL', 'CHECKPOINT_PROPOSAL',
    'ATTESTATION', 'ATTESTATIONS_AND_SIGNERS', 'GOVERNANCE_VOTE', 'SLASHING_VOTE')),
  status TEXT NOT NULL CHECK (status IN ('signing', 'signed')),
  message_hash TEXT NOT NULL CHECK (length(message_hash) = 66
    AND message_hash GLOB '0x*' AND substr(message_hash, 3) NOT GLOB '*[^0-9a-f]*'),
  signature TEXT CHECK (signature IS NULL OR length(signature) = 132),
  node_id TEXT NOT NULL CHECK (length(node_id) <= 255),
  lock_token TEXT NOT NULL CHECK (length(lock_token) <= 64),
  started_at INTEGER NOT NULL
    DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)),
  completed_at INTEGER,
  error_message TEXT,
  PRIMARY KEY (rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint),
  CHECK (completed_at IS NULL OR completed_at >= started_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_validator_duties_node ON validator_duties (node_id, started_at);
CREATE INDEX idx_validator_duties_status ON validator_duties (status, started_at);
CREATE INDEX idx_validator_duties_started ON validator_duties (started_at);
CREATE INDEX idx_validator_duties_gated ON validator_duties (validator_address, message_hash)
  WHERE status = 'signing';

CREATE TABLE holdfast_ledger (
  id INTEGER PRIMARY KEY,
  rollup_address TEXT NOT NULL,
  validator_address TEXT NOT NULL,
  slot INTEGER NOT NULL,
  block_number INTEGER NOT NULL,
  checkpoint_number INTEGER NOT NULL,
  block_index_within_checkpoint INTEGER NOT NULL,
  duty_type TEXT NOT NULL,
  status TEXT NOT NULL,
  message_hash TEXT NOT NULL,
  signature TEXT,
  node_id TEXT NOT NULL,
  lock_token TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  completed_at INTEGER,
  error_message TEXT,
  deleted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_holdfast_ledger_key ON holdfast_ledger (rollup_address, validator_address, slot,
  duty_type, block_index_within_checkpoint);

CREATE TABLE holdfast_watermark (
  rollup_address TEXT NOT NULL,
  validator_address TEXT NOT NULL,
  duty_type TEXT NOT NULL,
  slot INTEGER NOT NULL,
  PRIMARY KEY (rollup_address, validator_address, duty_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE schema_version (
  version INTEGER PRIMARY KEY,
  applied_at INTEGER NOT NULL
) STRICT;
)sql";

constexpr const char* kDutyTriggers = R"sql(
CREATE TRIGGER holdfast_insert_duty BEFORE INSERT ON validator_duties BEGIN
  SELECT RAISE(ABORT, 'holdfast: the slot lies at or below the watermark')
   WHERE EXISTS (SELECT 1 FROM holdfast_watermark AS mark
                  WHERE mark.rollup_address = NEW.rollup_address
                    AND mark.validator_address = NEW.validator_address
                    AND mark.duty_type = NEW.duty_type AND mark.slot >= NEW.slot);
  SELECT RAISE(ABORT, 'holdfast: another message was signed or pinned for this duty')
   WHERE EXISTS (SELECT 1 FROM holdfast_ledger AS entry
                  WHERE entry.rollup_address = NEW.rollup_address
                    AND entry.validator_address = NEW.validator_address
                    AND entry.slot = NEW.slot AND entry.duty_type = NEW.duty_type
                    AND entry.block_index_within_checkpoint = NEW.block_index_within_checkpoint
                    AND entry.message_hash <> NEW.message_hash);
  SELECT RAISE(ABORT, 'holdfast: this duty is signed or pinned and is never replaced')
   WHERE EXISTS (SELECT 1 FROM validator_duties AS duty
                  WHERE duty.rollup_address = NEW.rollup_address
                    AND duty.validator_address = NEW.validator_address
                    AND duty.slot = NEW.slot AND duty.duty_type = NEW.duty_type
                    AND duty.block_index_within_checkpoint = NEW.block_index_within_checkpoint
                    AND (duty.status = 'signed' OR duty.signature IS NOT NULL
                         OR substr(duty.lock_token, 1, 8) = 'hf1-pin-'));
END;

CREATE TRIGGER holdfast_update_duty BEFORE UPDATE ON validator_duties BEGIN
  SELECT RAISE(ABORT, 'holdfast: the key of a duty never changes')
   WHERE NEW.rollup_address <> OLD.rollup_address
      OR NEW.validator_address <> OLD.validator_address
      OR NEW.slot <> OLD.slot OR NEW.duty_type <> OLD.duty_type
      OR NEW.block_index_within_checkpoint <> OLD.block_index_within_checkpoint;
  SELECT RAISE(ABORT, 'holdfast: what was signed never changes')
   WHERE (OLD.status = 'signed' OR OLD.signature IS NOT NULL)
     AND (NEW.message_hash <> OLD.message_hash OR NEW.signature IS NOT OLD.signature
          OR (OLD.status = 'signed' AND NEW.status <> 'signed'));
  SELECT RAISE(ABORT, 'holdfast: a pinned duty keeps its message')
   WHERE substr(OLD.lock_token, 1, 8) = 'hf1-pin-'
     AND (NEW.message_hash <> OLD.message_hash
          OR substr(NEW.lock_token, 1, 8) <> 'hf1-pin-');
  SELECT RAISE(ABORT, 'holdfast: another message was signed or pinned for this duty')
   WHERE NEW.message_hash <> OLD.message_hash
     AND EXISTS (SELECT 1 FROM holdfast_ledger AS entry
                  WHERE entry.rollup_address = NEW.rollup_address
                    AND entry.validator_address = NEW.validator_address
                    AND entry.slot = NEW.slot AND entry.duty_type = NEW.duty_type
                    AND entry.block_index_within_checkpoint = NEW.block_index_within_checkpoint
                    AND entry.message_hash <> NEW.message_hash);
END;
)sql";

/** What changed in version 2: at or below a watermark nothing is kept, for it refuses all that. */
constexpr const char* kDeleteTriggers = R"sql(
CREATE TRIGGER holdfast_delete_duty AFTER DELETE ON validator_duties
WHEN (OLD.status = 'signed' OR OLD.signature IS NOT NULL
      OR substr(OLD.lock_token, 1, 8) = 'hf1-pin-')
 AND NOT EXISTS (SELECT 1 FROM holdfast_watermark AS mark
                  WHERE mark.rollup_address = OLD.rollup_address
                    AND mark.validator_address = OLD.validator_address
                    AND mark.duty_type = OLD.duty_type AND mark.slot >= OLD.slot) BEGIN
  INSERT INTO holdfast_ledger (rollup_address, validator_address, slot, block_number,
      checkpoint_number, block_index_within_checkpoint, duty_type, status, message_hash, signature,
      node_id, lock_token, started_at, completed_at, error_message, deleted_at)
  VALUES (OLD.rollup_address, OLD.validator_address, OLD.slot, OLD.block_number,
      OLD.checkpoint_number, OLD.block_index_within_checkpoint, OLD.duty_type, OLD.status,
      OLD.message_hash, OLD.signature, OLD.node_id, OLD.lock_token, OLD.started_at,
      OLD.completed_at, OLD.error_message,
      CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER));
END;
CREATE TRIGGER holdfast_delete_ledger BEFORE DELETE ON holdfast_ledger
WHEN NOT EXISTS (SELECT 1 FROM holdfast_watermark AS mark
                  WHERE mark.rollup_address = OLD.rollup_address
                    AND mark.validator_address = OLD.validator_address
                    AND mark.duty_type = OLD.duty_type AND mark.slot >= OLD.slot) BEGIN
  SELECT RAISE(ABORT, 'holdfast: the ledger is append-only above the watermark');
END;
)sql";

/** New in version 3: which database this is, who signs with it, and whether a node has ever signed
    (S4). */
constexpr const char* kClusterTables = R"sql(
CREATE TABLE holdfast_cluster (
  only_row INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
  cluster_id TEXT NOT NULL
) STRICT;
INSERT INTO holdfast_cluster (cluster_id) VALUES (lower(hex(randomblob(16))));
CREATE TABLE holdfast_nodes (
  node_id TEXT PRIMARY KEY,
  instance_id TEXT NOT NULL,
  place TEXT NOT NULL,
  version TEXT NOT NULL,
  publishers TEXT NOT NULL,
  journal_id TEXT NOT NULL,
  journal_sequence INTEGER NOT NULL,
  beat INTEGER NOT NULL,
  running INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  last_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idx_holdfast_ledger_node ON holdfast_ledger (node_id);
)sql";

constexpr const char* kGuardTriggers = R"sql(
CREATE TRIGGER holdfast_update_ledger BEFORE UPDATE ON holdfast_ledger BEGIN
  SELECT RAISE(ABORT, 'holdfast: the ledger is append-only');
END;
CREATE TRIGGER holdfast_update_watermark BEFORE UPDATE ON holdfast_watermark
WHEN NEW.slot < OLD.slot OR NEW.rollup_address <> OLD.rollup_address
  OR NEW.validator_address <> OLD.validator_address OR NEW.duty_type <> OLD.duty_type BEGIN
  SELECT RAISE(ABORT, 'holdfast: a watermark only rises');
END;
CREATE TRIGGER holdfast_delete_watermark BEFORE DELETE ON holdfast_watermark BEGIN
  SELECT RAISE(ABORT, 'holdfast: a watermark only rises');
END;
)sql";

struct Header {
  std::int64_t application_id = 0;
  std::int64_t version = 0;
  std::int64_t objects = 0;

  bool empty() const { return application_id == 0 && version == 0 && objects == 0; }
};

Result<Header> read_header(SqliteConnection& connection) {
  SqliteQuery query = connection.query(
      "SELECT (SELECT application_id FROM pragma_application_id),"
      " (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)");
  Result<bool> row = query.next();
  if (!row) return std::move(row).error();
  return Header{query.integer(0), query.integer(1), query.integer(2)};
}

Result<void> check_header(const Header& header, const std::string& path) {
  if (header.application_id != kApplicationId) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("{} is a SQLite database of another program; name another file, or "
                             "another data directory",
                             path)};
  }
  if (header.version >= 1 && header.version <= kSqliteSchemaVersion) return {};
  return Error{
      ErrorKind::schema_mismatch,
      fmt::format("{} has Holdfast's schema version {}, and this program knows versions up to {}; "
                  "use the newer program for it",
                  path, header.version, kSqliteSchemaVersion)};
}

/** WAL is a property of the file. Two processes that switch it at once can be told BUSY without
    any waiting, so the switch waits itself by taking the write lock first. */
Result<void> switch_to_wal(SqliteConnection& connection) {
  constexpr int kTries = 100;
  Error last;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    {
      SqliteQuery query = connection.query("PRAGMA journal_mode = WAL");
      Result<bool> row = query.next();
      if (row && *row && query.text(0) == "wal") return {};
      if (row) {
        return Error{ErrorKind::unavailable,
                     fmt::format("{} cannot use a write-ahead log (its journal mode stays '{}'); "
                                 "use a local disk",
                                 connection.path(), *row ? query.text(0) : "unknown")};
      }
      last = std::move(row).error();
    }
    if (last.kind != ErrorKind::timeout) return last;
    Result<void> waited = connection.execute("BEGIN IMMEDIATE");
    connection.roll_back();
    if (!waited) return waited;
  }
  return last;
}

Result<void> create(SqliteConnection& connection) {
  for (const char* part :
       {kTables, kDutyTriggers, kDeleteTriggers, kGuardTriggers, kClusterTables}) {
    Result<void> made = connection.execute(part);
    if (!made) return made;
  }
  const std::string marks = fmt::format(
      "INSERT INTO schema_version VALUES ({}, CAST(round((julianday('now') - 2440587.5)"
      " * 86400000.0) AS INTEGER)); PRAGMA application_id = {}; PRAGMA user_version = {};",
      kSqliteAztecSchemaVersion, kApplicationId, kSqliteSchemaVersion);
  return connection.execute(marks.c_str());
}

Result<void> upgrade(SqliteConnection& connection, std::int64_t from) {
  if (from < 2) {
    Result<void> dropped = connection.execute(
        "DROP TRIGGER holdfast_delete_duty; DROP TRIGGER holdfast_delete_ledger;");
    if (!dropped) return dropped;
    Result<void> made = connection.execute(kDeleteTriggers);
    if (!made) return made;
  }
  Result<void> made = connection.execute(kClusterTables);
  if (!made) return made;
  return connection.execute(fmt::format("PRAGMA user_version = {};", kSqliteSchemaVersion).c_str());
}

Result<void> create_or_upgrade(SqliteConnection& connection, const Header& header) {
  if (header.empty()) return create(connection);
  Result<void> known = check_header(header, connection.path());
  if (!known || header.version == kSqliteSchemaVersion) return known;
  return upgrade(connection, header.version);
}

/** Creates the schema, or brings it up to date, unless another process was faster. */
Result<void> make_current(SqliteConnection& connection) {
  Result<void> begun = connection.execute("BEGIN IMMEDIATE");
  if (!begun) return begun;
  Result<Header> header = read_header(connection);
  Result<void> done;
  if (!header) {
    done = std::move(header).error();
  } else {
    done = create_or_upgrade(connection, *header);
  }
  if (done) done = connection.commit();
  connection.roll_back();
  return done;
}

}  // namespace

Result<void> open_sqlite_schema(SqliteConnection& connection) {
  Result<Header> header = read_header(connection);
  if (!header) return std::move(header).error();
  if (!header->empty()) {
    Result<void> known = check_header(*header, connection.path());
    if (!known) return known;
  }
  Result<void> switched = switch_to_wal(connection);
  if (!switched) return switched;
  if (header->version != kSqliteSchemaVersion) {
    Result<void> made = make_current(connection);
    if (!made) return made;
  }
  connection.forget_failure();
  return {};
}

}  // namespace holdfast
