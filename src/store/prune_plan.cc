#include "store/prune_plan.h"

#include <algorithm>

namespace holdfast {

bool fits_prune(const StoredRow& row, const PruneRequest& request, std::int64_t now_ms) {
  if (const auto* before = std::get_if<BeforeSlot>(&request.what)) {
    return row.duty.key.slot < before->slot;
  }
  const std::int64_t since = std::max(row.completed_at_ms.value_or(0), row.started_at_ms);
  return since <= now_ms - std::get<OlderThan>(request.what).age.count();
}

std::optional<Slot> watermark_after_prune(const std::vector<PruneCandidate>& candidates,
                                          std::optional<Slot> watermark, PruneScan scan) {
  std::optional<Slot> stop;
  if (scan == PruneScan::partial && !candidates.empty()) stop = candidates.back().slot;
  std::optional<Slot> after = watermark;
  for (const PruneCandidate& candidate : candidates) {
    const bool below = watermark && candidate.slot <= *watermark;
    if (!below && !candidate.fits && (!stop || candidate.slot < *stop)) stop = candidate.slot;
  }
  for (const PruneCandidate& candidate : candidates) {
    if (stop && candidate.slot >= *stop) break;
    if (!after || candidate.slot > *after) after = candidate.slot;
  }
  return after;
}

}  // namespace holdfast
