#include "duty/duty.h"

#include <fmt/format.h>

#include "base/hex.h"

namespace holdfast {

std::string to_text(const RollupAddress& address) {
  return to_hex(address.view());
}

std::string to_text(const MessageHash& hash) {
  return to_hex(hash.view());
}

std::string to_text(const DutyKey& key) {
  std::string text = fmt::format("{} slot {}", name_of(key.duty_type), key.slot.number());
  if (key.block_index_within_checkpoint != kNoBlockIndex) {
    text += fmt::format(" index {}", key.block_index_within_checkpoint.number());
  }
  return text + " of " + to_text(key.validator_address);
}

}  // namespace holdfast
