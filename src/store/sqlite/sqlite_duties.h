// What SqliteStore says to the database, one function for each operation. Writing functions run
// inside the writer's transaction: nothing is durable before that is committed.
// Thread rule: the thread of the connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "store/database_watch.h"
#include "store/duty_store.h"
#include "store/node_table.h"
#include "store/prune_plan.h"
#include "store/sqlite/sqlite_connection.h"
#include "store/stored_row.h"

namespace holdfast {

class SqliteDuties {
 public:
  /** The connection outlives this. */
  explicit SqliteDuties(SqliteConnection& connection) : connection_(connection) {}

  /** Carries the plan out and gives it back: InsertLock and ReplaceLock mean locked. */
  Result<LockPlan> lock(const LockAttempt& attempt, const std::string& node_id);

  enum class RecordInto : std::uint8_t {
    /** Our own row: it becomes 'signed'. */
    own_row = 0,
    /** A stock node's row: its status stays 'signing', for its own update. */
    gated_row,
  };
  /** False: the lock is not there any more. */
  Result<bool> record(const Duty& duty, const std::string& token, const Signature& signature,
                      RecordInto into);

  /** Deletes the row of this token; a pinned one stays and becomes idle. */
  Result<void> release(const Duty& duty, const std::string& token);
  Result<void> pin(const Duty& duty, const std::string& token, const std::string& reason);

  struct GatedFound {
    StoredRow row;
    GatedPlan plan;
  };
  Result<std::optional<GatedFound>> find_gated(const RollupAddress& rollup,
                                               const Address& validator,
                                               const MessageHash& message_hash);

  enum class TokenFound : std::uint8_t { not_ours = 0, locked, signed_ };
  Result<TokenFound> read_token(const Duty& duty, const std::string& token,
                                const std::optional<Signature>& signature);

  /** The row, or the ledger's entry of it. */
  Result<std::optional<StoredRow>> read(const DutyKey& key);
  Result<std::vector<StoredRow>> list(const DutyFilter& filter);
  Result<std::vector<DutyCount>> count_by_node(std::chrono::seconds newer_than);
  Result<bool> has_signed(const std::string& node_id);
  Result<std::int64_t> delete_stuck(const std::string& node_id, std::chrono::milliseconds min_age);

  /** One transaction of DutyStore::prune, with about `batch` deletions; a dry run counts all. */
  Result<std::vector<PrunedDuties>> prune(const PruneRequest& request, std::int64_t batch);

  /** As NodeTable says. */
  Result<std::vector<NodeRecord>> list_nodes();
  Result<bool> put_node(const NodeRecord& node,
                        const std::optional<std::string>& replaces_instance);
  Result<std::optional<std::int64_t>> beat_node(const NodeBeat& beat);
  /** Which database this is, and whether it knows what the node knows. */
  Result<DatabaseFacts> meet(const DatabaseQuestion& question);
  Result<HistoryMarks> read_history_marks(const HistoryFilter& filter);
  /** As DutyStore::do_read_history. */
  Result<std::vector<StoredRow>> read_history(const HistoryFilter& filter,
                                              const std::optional<DutyKey>& after,
                                              std::size_t limit);
  Result<MergedHistory> import_history(const HistoryBatch& batch, ImportMode mode);

  /** By SQLite's clock, in milliseconds since 1970. */
  Result<std::int64_t> now_ms();
  /** The version of our schema in the file, which another program may have raised meanwhile. */
  Result<std::int64_t> schema_version();

 private:
  /** 0 where the node is not registered. */
  Result<std::int64_t> beat_of(const std::string& node_id);
  struct PruneBound {
    /** The slot, or the time in milliseconds, up to which rows go. */
    std::int64_t value = 0;
    /** How many candidates are looked at; negative: all. */
    std::int64_t limit = 0;
  };
  Result<std::optional<Address>> next_validator(const RollupAddress& rollup,
                                                const std::string& after);
  /** Sorted by slot. */
  Result<std::vector<PruneCandidate>> read_candidates(const DutyKey& key,
                                                      const PruneRequest& request,
                                                      const PruneBound& bound);
  /** Deletes, or in a dry run counts, what fits at or below the key's slot. */
  Result<std::int64_t> prune_table(const char* table, const DutyKey& key,
                                   const PruneRequest& request, const PruneBound& bound);
  /** To the key's slot. */
  Result<void> raise_watermark(const DutyKey& key);
  Result<std::optional<PrunedDuties>> prune_key(DutyKey key, const PruneRequest& request,
                                                const PruneBound& bound);
  Result<MergedMark> import_mark(const HistoryMark& mark, ImportMode mode);
  Result<MergedDuty> import_duty(const HistoryDuty& duty, ImportMode mode);
  Result<void> insert_ledger(const StoredRow& entry);
  Result<std::optional<StoredRow>> read_row(const DutyKey& key);
  Result<std::optional<StoredRow>> read_ledger(const DutyKey& key);
  Result<std::optional<Slot>> read_watermark(const DutyKey& key);
  /** All of it but the row. */
  Result<LockFacts> read_facts(const DutyKey& key);
  Result<void> insert_lock(const LockAttempt& attempt, const std::string& node_id,
                           const std::string& token, std::int64_t now_ms);
  Result<void> replace_lock(const LockAttempt& attempt, const std::string& node_id,
                            const std::string& token, std::int64_t now_ms);

  SqliteConnection& connection_;
};

}  // namespace holdfast
