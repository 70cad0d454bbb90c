// The values of a command's own options, as types.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "duty/duty.h"
#include "protection/judge.h"

namespace holdfast::cli {

// Each is invalid_input for other text; the message says what would be right.

/** 0 to 2^63 - 1. */
Result<Slot> slot_of(std::string_view text);

/** One of the six protected types by its exact name. */
Result<DutyType> protected_type_of(std::string_view text);

/** 0 to 2^31 - 1. */
Result<BlockIndex> block_index_of(std::string_view text);

/** 0x and 64 hex digits. */
Result<MessageHash> message_hash_of(std::string_view text);

/** "signing" or "signed". */
Result<DutyStatus> status_of(std::string_view text);

/** A whole number and s, m, h or d: "90s", "2h". At most ten years. */
Result<std::chrono::seconds> period_of(std::string_view text);

/** 1 to `max`. */
Result<std::size_t> count_of(std::string_view text, std::size_t max);

}  // namespace holdfast::cli
