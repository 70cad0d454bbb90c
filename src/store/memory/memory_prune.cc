#include <algorithm>

#include "store/memory/memory_store.h"
#include "store/prune_plan.h"

namespace holdfast {

/** All in one step of the one thread: a claim or a record comes wholly before it or after it. */
std::optional<PrunedDuties> MemoryStore::prune_key(const WatermarkKey& key,
                                                   const PruneRequest& request) {
  const auto& [rollup, validator, type] = key;
  const auto is_of_key = [&](const DutyKey& duty) {
    return duty.rollup_address == rollup && duty.validator_address == validator &&
           duty.duty_type == type;
  };
  std::vector<PruneCandidate> candidates;
  const auto add = [&](const auto& entry) {
    if (!is_of_key(entry.first)) return;
    candidates.push_back({entry.first.slot, fits_prune(entry.second, request, now_ms())});
  };
  std::for_each(state_.rows.begin(), state_.rows.end(), add);
  std::for_each(state_.ledger.begin(), state_.ledger.end(), add);
  std::sort(candidates.begin(), candidates.end(),
            [](const auto& left, const auto& right) { return left.slot < right.slot; });

  PrunedDuties pruned{.validator_address = validator,
                      .duty_type = type,
                      .watermark_before = std::nullopt,
                      .watermark_after = std::nullopt};
  if (const auto found = state_.watermarks.find(key); found != state_.watermarks.end()) {
    pruned.watermark_before = found->second;
  }
  pruned.watermark_after =
      watermark_after_prune(candidates, pruned.watermark_before, PruneScan::complete);
  if (!pruned.watermark_after) return std::nullopt;
  const auto goes = [&](const auto& entry) {
    return is_of_key(entry.first) && entry.first.slot <= *pruned.watermark_after &&
           fits_prune(entry.second, request, now_ms());
  };
  pruned.rows_deleted = std::count_if(state_.rows.begin(), state_.rows.end(), goes);
  pruned.ledger_entries_deleted = std::count_if(state_.ledger.begin(), state_.ledger.end(), goes);
  if (request.mode == PruneMode::apply) {
    raise_watermark(rollup, validator, type, *pruned.watermark_after);
    std::erase_if(state_.rows, goes);
    std::erase_if(state_.ledger, goes);
  }
  const bool changes = pruned.watermark_after != pruned.watermark_before ||
                       pruned.rows_deleted > 0 || pruned.ledger_entries_deleted > 0;
  return changes ? std::optional(pruned) : std::nullopt;
}

std::vector<PrunedDuties> MemoryStore::prune_now(const PruneRequest& request) {
  std::map<WatermarkKey, bool> keys;
  const auto add = [&](const auto& entry) {
    const DutyKey& key = entry.first;
    if (key.rollup_address != request.rollup_address) return;
    if (request.validator_address && key.validator_address != *request.validator_address) return;
    if (request.duty_type && key.duty_type != *request.duty_type) return;
    keys[{key.rollup_address, key.validator_address, key.duty_type}] = true;
  };
  std::for_each(state_.rows.begin(), state_.rows.end(), add);
  std::for_each(state_.ledger.begin(), state_.ledger.end(), add);
  std::vector<PrunedDuties> all;
  for (const auto& [key, seen] : keys) {
    if (std::optional<PrunedDuties> pruned = prune_key(key, request)) all.push_back(*pruned);
  }
  return all;
}

Task<Result<std::vector<PrunedDuties>>> MemoryStore::do_prune(PruneRequest request) {
  if (auto error = closed()) co_return std::move(*error);
  if (request.mode == PruneMode::dry_run) co_return prune_now(request);
  const MemoryFault fault = next_fault();
  if (fault == MemoryFault::refused) co_return refused();
  if (fault == MemoryFault::in_doubt_not_done) co_return lost_answer();
  std::vector<PrunedDuties> pruned = prune_now(request);
  if (fault == MemoryFault::in_doubt_done) co_return lost_answer();
  co_return pruned;
}

}  // namespace holdfast
