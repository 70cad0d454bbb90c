// The duties and hashes that tests of every room use.
#pragma once

#include "duty/duty.h"

namespace holdfast::test {

template <class Fixed>
Fixed filled_with(std::uint8_t byte) {
  Fixed fixed;
  fixed.bytes.fill(byte);
  return fixed;
}

inline MessageHash hash_of(std::uint8_t byte) {
  return filled_with<MessageHash>(byte);
}

/** A block proposal at slot 100, index 0, with the hash of that byte. */
inline Duty example_duty(std::uint8_t hash_byte = 0xaa) {
  return Duty{.key = DutyKey{.rollup_address = filled_with<RollupAddress>(0x11),
                             .validator_address = filled_with<Address>(0x22),
                             .slot = Slot(100),
                             .duty_type = DutyType::block_proposal,
                             .block_index_within_checkpoint = BlockIndex(0)},
              .message_hash = hash_of(hash_byte),
              .block_number = BlockNumber(50),
              .checkpoint_number = CheckpointNumber(0)};
}

}  // namespace holdfast::test
