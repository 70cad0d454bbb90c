// What a sequencer has to sign in one slot, in the order and at the times in which it does. Pure.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <vector>

#include "duty/duty.h"

namespace holdfast::cli::demo {

/** One duty of the demo; the validator is an index into the demo's validators. */
struct DueDuty {
  Slot slot;
  DutyType type = DutyType::unknown;
  std::size_t validator = 0;
  BlockIndex block_index = kNoBlockIndex;

  friend auto operator<=>(const DueDuty&, const DueDuty&) = default;
};

/** Duties that fall due together, this long after the beginning of the slot. */
struct DueMoment {
  std::chrono::milliseconds offset{0};
  std::vector<DueDuty> duties;
};

/** The slot's duties for `validators` validators (at least 1, CHECK), of which one, in turn, is
    the proposer: an authentication, three blocks, the checkpoint, an attestation of every
    validator, attestations-and-signers, the transactions' list and both votes. */
std::vector<DueMoment> duties_of_slot(Slot slot, std::size_t validators,
                                      std::chrono::milliseconds slot_length);

}  // namespace holdfast::cli::demo
