#include "protection/quarantine.h"

#include <limits>

#include "base/check.h"

namespace holdfast {
namespace {

Slot above(Slot slot, SlotMargin margin) {
  constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();
  if (slot.number() > kHighest - margin.number()) return Slot(kHighest);
  return Slot(slot.number() + margin.number());
}

void raise(std::map<RollupAddress, Slot>& floors, const RollupAddress& rollup, Slot floor) {
  const auto [found, is_new] = floors.try_emplace(rollup, floor);
  if (!is_new && found->second < floor) found->second = floor;
}

}  // namespace

std::string_view name_of(QuarantineReason reason) noexcept {
  switch (reason) {
    case QuarantineReason::unknown:
      return "unknown";
    case QuarantineReason::new_timeline:
      return "new_timeline";
    case QuarantineReason::lost_commits:
      return "lost_commits";
    case QuarantineReason::accepted_database:
      return "accepted_database";
  }
  return "unknown";
}

Quarantine begin_quarantine(QuarantineReason reason, const SeenSlots& seen, SlotMargin margin,
                            const Quarantine* existing) {
  CHECK(margin.number() >= 1);
  Quarantine quarantine;
  quarantine.reason = reason;
  if (existing != nullptr) quarantine.floors = existing->floors;
  for (const auto& [rollup, slot] : seen) raise(quarantine.floors, rollup, above(slot, margin));
  return quarantine;
}

void learn_slot(Quarantine& quarantine, const RollupAddress& rollup, Slot slot, SlotMargin margin) {
  CHECK(quarantine.learning);
  raise(quarantine.floors, rollup, above(slot, margin));
}

bool refuses(const Quarantine& quarantine, const RollupAddress& rollup, Slot slot) noexcept {
  if (quarantine.learning) return true;
  const auto found = quarantine.floors.find(rollup);
  return found != quarantine.floors.end() && slot <= found->second;
}

bool is_active(const Quarantine& quarantine, const SeenSlots& seen,
               const std::optional<RollupAddress>& only) noexcept {
  if (quarantine.learning) return true;
  for (const auto& [rollup, floor] : quarantine.floors) {
    if (only && rollup != *only) continue;
    const auto found = seen.find(rollup);
    if (found == seen.end() || found->second <= floor) return true;
  }
  return false;
}

}  // namespace holdfast
