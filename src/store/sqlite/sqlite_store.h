// SqliteStore: the embedded default. One file on a local disk, shared by any number of processes
// of one machine; WAL and synchronous=FULL, so that a commit that was answered survives the end of
// every process and the loss of power (S1). See docs/STORES.md.
//
// Thread rule: as DutyStore. All SQL runs on two worker threads of the store, one that writes
// (all waiting operations in one transaction) and one that reads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/database_watch.h"
#include "store/duty_store.h"
#include "store/node_table.h"
#include "store/sqlite/sqlite_worker.h"

namespace holdfast {

struct SqliteSettings {
  /** The database file. Its directory must exist; the file is made with mode 0600. */
  std::string path;
  /** How long an operation may wait for the transactions of other processes. */
  std::chrono::milliseconds busy_timeout{5000};
  /** SQLite's file system layer; empty: the default. For tests that make the disk fail. */
  std::string vfs;
  /** Looks at the file at every check (S4), the first of which comes before anything is signed;
     null: any file is used. Outlives the store. */
  DatabaseWatch* watch = nullptr;
};

class SqliteStore final : public DutyStore, public NodeTable {
 public:
  /** Runs a function on the I/O thread, later; called from any thread. */
  using Post = SqliteWorker::Post;

  /** Opens the file and makes its schema when it is empty. Blocks; for the start of the process.
      Errors name the path and what to do: not_found (no directory), permission_denied (others can
      read the file, or we cannot), corrupt (no SQLite file, or a damaged one), schema_mismatch
      (newer than this program), invalid_input (another program's database), timeout. The clock
      outlives the store. */
  static Result<std::unique_ptr<SqliteStore>> open(SqliteSettings settings, Clock& clock,
                                                   Post post);
  /** Joins the workers. What is in flight then is answered by `post`, if that still runs. */
  ~SqliteStore() override;

  Task<Result<std::optional<DutyRow>>> read(DutyKey key) override;
  Task<Result<std::vector<DutyRow>>> list(DutyFilter filter) override;
  Task<Result<std::vector<DutyCount>>> count_by_node(std::chrono::seconds newer_than) override;
  Task<Result<bool>> has_signed(std::string node_id) override;
  Task<Result<std::int64_t>> delete_stuck(std::string node_id,
                                          std::chrono::milliseconds min_age) override;
  Task<Result<HistoryMarks>> read_history_marks(HistoryFilter filter) override;
  /** Takes the write lock, so that it answers as a claim would. */
  Task<Result<StoreState>> check() override;
  StorePoolUse pool_use() const override;
  Task<void> close() override;

  Task<Result<std::vector<NodeRecord>>> list_nodes() override;
  Task<Result<bool>> put_node(NodeRecord node,
                              std::optional<std::string> replaces_instance) override;
  Task<Result<std::optional<std::int64_t>>> beat_node(NodeBeat beat) override;

 protected:
  Task<Result<LockReply>> do_lock(LockRequest request) override;
  Task<Result<Recorded>> do_record(RecordRequest request) override;
  Task<Result<void>> do_release(ReleaseRequest request) override;
  Task<Result<GatedReply>> do_find_gated(RollupAddress rollup, Address validator,
                                         MessageHash message_hash) override;
  Task<Result<TokenState>> do_read_token(TokenQuestion question) override;
  Task<Result<std::vector<PrunedDuties>>> do_prune(PruneRequest request) override;
  Task<Result<std::vector<DutyRow>>> do_read_history(HistoryFilter filter,
                                                     std::optional<DutyKey> after,
                                                     std::size_t limit) override;
  Task<Result<MergedHistory>> do_import_history(HistoryBatch batch, ImportMode mode) override;

 private:
  SqliteStore(std::string path, Clock& clock, DatabaseWatch* watch);

  /** Does `work` (SqliteDuties& -> Result<Answer>) on the worker's thread. */
  template <class Answer, class Work>
  static Task<Result<Answer>> perform(SqliteWorker& worker, Work work);
  static Task<void> stop(SqliteWorker& worker);

  DatabaseWatch* watch_;
  std::string path_;
  std::unique_ptr<SqliteWorker> writer_;
  std::unique_ptr<SqliteWorker> reader_;
  bool closed_ = false;
};

}  // namespace holdfast
