#include <algorithm>

#include "store/history_merge.h"
#include "store/memory/memory_store.h"

namespace holdfast {
namespace {

bool fits(const HistoryFilter& filter, const RollupAddress& rollup, const Address& validator) {
  return (!filter.rollup_address || rollup == *filter.rollup_address) &&
         (!filter.validator_address || validator == *filter.validator_address);
}

}  // namespace

Task<Result<HistoryMarks>> MemoryStore::read_history_marks(HistoryFilter filter) {
  if (auto error = closed()) co_return std::move(*error);
  HistoryMarks found;
  for (const auto& [key, slot] : state_.watermarks) {
    const auto& [rollup, validator, type] = key;
    if (fits(filter, rollup, validator)) found.marks.push_back({rollup, validator, type, slot});
  }
  found.marks = highest_marks(found.marks);
  for (const auto& [key, row] : state_.rows) {
    if (fits(filter, key.rollup_address, key.validator_address) && !row.is_evidence()) {
      ++found.unsigned_locks;
    }
  }
  co_return found;
}

Task<Result<std::vector<DutyRow>>> MemoryStore::do_read_history(HistoryFilter filter,
                                                                std::optional<DutyKey> after,
                                                                std::size_t limit) {
  if (auto error = closed()) co_return std::move(*error);
  std::vector<DutyRow> found;
  const auto add = [&](const auto& entry) {
    const DutyKey& key = entry.first;
    if (!entry.second.is_evidence()) return;
    if (!fits(filter, key.rollup_address, key.validator_address)) return;
    if (after && history_order(key, *after) <= 0) return;
    const auto mark =
        state_.watermarks.find({key.rollup_address, key.validator_address, key.duty_type});
    if (mark != state_.watermarks.end() && key.slot <= mark->second) return;
    found.push_back(without_token(entry.second));
  };
  std::for_each(state_.rows.begin(), state_.rows.end(), add);
  std::for_each(state_.ledger.begin(), state_.ledger.end(), add);
  std::stable_sort(found.begin(), found.end(), [](const DutyRow& left, const DutyRow& right) {
    const auto order = history_order(left.duty.key, right.duty.key);
    return order != 0 ? order < 0 : left.duty.message_hash < right.duty.message_hash;
  });
  if (found.size() > limit) found.resize(limit);
  co_return found;
}

MergedHistory MemoryStore::import_now(const HistoryBatch& batch, ImportMode mode) {
  MergedHistory merged;
  for (const HistoryMark& mark : batch.marks) {
    const auto found =
        state_.watermarks.find({mark.rollup_address, mark.validator_address, mark.duty_type});
    std::optional<Slot> before;
    if (found != state_.watermarks.end()) before = found->second;
    merged.marks.push_back(merge_mark(mark, before));
    if (mode == ImportMode::dry_run) continue;
    raise_watermark(mark.rollup_address, mark.validator_address, mark.duty_type, mark.slot);
  }
  for (const HistoryDuty& duty : batch.duties) {
    merged.duties.push_back(merge_duty(duty, facts_of(duty.duty.key)));
    if (mode == ImportMode::dry_run || !is_written(merged.duties.back().outcome)) continue;
    state_.ledger.emplace(duty.duty.key, ledger_entry_of(duty, now_ms()));
  }
  return merged;
}

Task<Result<MergedHistory>> MemoryStore::do_import_history(HistoryBatch batch, ImportMode mode) {
  if (auto error = closed()) co_return std::move(*error);
  if (mode == ImportMode::dry_run) co_return import_now(batch, mode);
  const MemoryFault fault = next_fault();
  if (fault == MemoryFault::refused) co_return refused();
  if (fault == MemoryFault::in_doubt_not_done) co_return lost_answer();
  MergedHistory merged = import_now(batch, mode);
  if (fault == MemoryFault::in_doubt_done) co_return lost_answer();
  co_return merged;
}

}  // namespace holdfast
