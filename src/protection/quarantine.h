// Quarantine: which slots a node does not sign after the shared database may have lost commits.
// Whoever signed them, the database may not know it any more; slots that nobody can have signed
// yet are safe. Pure: the signer's ReleaseMemory feeds it and carries it out.
//
// Invariant: S4. A quarantine is a floor for each rollup: slots at or below it are refused for
// ever, whatever the node's own journal knows of them. So it ends by itself, when duties above the
// floor come, and the operator's word can end it before.
//
// How far others had come is not known to a node that was not running. So a quarantine begins by
// learning: for a while every duty is refused, and the slots that are asked for raise the floor.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "duty/duty.h"

namespace holdfast {

enum class QuarantineReason : std::uint8_t {
  unknown = 0,
  /** A standby was promoted that may lack acknowledged commits. */
  new_timeline,
  /** The database does not know what this node knows that it has committed. */
  lost_commits,
  /** The operator accepted another database, which may know less. */
  accepted_database,
};

/** "new_timeline": in logs, /status and /metrics. */
std::string_view name_of(QuarantineReason reason) noexcept;

/** How far beyond the highest slot that was seen others may have signed. At least 1. */
using SlotMargin = StrongInt<struct SlotMarginTag, std::int64_t>;

struct Quarantine {
  QuarantineReason reason = QuarantineReason::unknown;
  /** The highest slot that is refused, for each rollup that was seen. */
  std::map<RollupAddress, Slot> floors;
  /** While true every duty is refused. */
  bool learning = true;

  friend bool operator==(const Quarantine&, const Quarantine&) = default;
};

/** The highest slot that was seen in any request, for each rollup. */
using SeenSlots = std::map<RollupAddress, Slot>;

/** A quarantine over everything that was seen and the margin above it. With one that exists
    already, whose floors stay where they are higher. */
Quarantine begin_quarantine(QuarantineReason reason, const SeenSlots& seen, SlotMargin margin,
                            const Quarantine* existing);

/** Raises the floor over `slot` and the margin above it. CHECKs that it is still learning. */
void learn_slot(Quarantine& quarantine, const RollupAddress& rollup, Slot slot, SlotMargin margin);

/** Whether the duty's slot is refused. */
bool refuses(const Quarantine& quarantine, const RollupAddress& rollup, Slot slot) noexcept;

/** True while it refuses what is being asked for now: it is learning, or no slot above the floor
    was seen in some rollup. `only` is the rollup that the node signs for: the floor of one that it
    has left is never passed. */
bool is_active(const Quarantine& quarantine, const SeenSlots& seen,
               const std::optional<RollupAddress>& only = std::nullopt) noexcept;

}  // namespace holdfast
