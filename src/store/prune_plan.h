// How far a prune goes: the one rule of all stores. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/duty_store.h"
#include "store/stored_row.h"

namespace holdfast {

/** A row or a ledger entry of one validator and duty type. */
struct PruneCandidate {
  Slot slot;
  /** It is what the request asks to be pruned: below the slot, or old enough. */
  bool fits = false;
};

/** Whether the row is what the request asks to be pruned. */
bool fits_prune(const StoredRow& row, const PruneRequest& request, std::int64_t now_ms);

enum class PruneScan : std::uint8_t {
  /** There may be more candidates, at the last one's slot or above it. */
  partial = 0,
  complete,
};

/** The watermark after the prune: the highest slot of a candidate below the lowest slot that has
    one which does not fit. What lies at or below the watermark already stops nothing. Candidates
    are sorted by slot. */
std::optional<Slot> watermark_after_prune(const std::vector<PruneCandidate>& candidates,
                                          std::optional<Slot> watermark, PruneScan scan);

}  // namespace holdfast
