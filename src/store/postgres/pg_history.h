// Export and import of the protection history in PostgreSQL (DutyStore::import_history).
// Thread rule: the I/O thread.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "store/duty_store.h"
#include "store/history.h"
#include "store/postgres/pg_connection.h"

namespace holdfast {

/** One statement in its own transaction: its rows, or why there are none. */
using PgAsk = std::function<Task<Result<PgRows>>(PgCall)>;

class PgHistory {
 public:
  /** An answer that `read` lost is unavailable, one that `write` lost is in_doubt. What they refer
      to outlives this, and this its calls. */
  PgHistory(PgAsk read, PgAsk write) : read_(std::move(read)), write_(std::move(write)) {}

  Task<Result<HistoryMarks>> marks(HistoryFilter filter);
  /** As DutyStore::do_read_history. */
  Task<Result<std::vector<DutyRow>>> page(HistoryFilter filter, std::optional<DutyKey> after,
                                          std::size_t limit);
  /** As DutyStore::do_import_history. */
  Task<Result<MergedHistory>> import(HistoryBatch batch, ImportMode mode);

 private:
  Task<Result<std::vector<MergedMark>>> import_marks(std::vector<HistoryMark> marks,
                                                     ImportMode mode);
  Task<Result<std::vector<MergedDuty>>> import_duties(std::vector<HistoryDuty> duties,
                                                      ImportMode mode);
  /** What would become of the duties now. */
  Task<Result<std::vector<MergedDuty>>> compare(const std::vector<HistoryDuty>& duties);

  PgAsk read_;
  PgAsk write_;
};

}  // namespace holdfast
