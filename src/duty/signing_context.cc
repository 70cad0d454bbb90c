#include "duty/signing_context.h"

#include <limits>

#include <fmt/format.h>

#include "base/check.h"

namespace holdfast {
namespace {

Error wrong(DutyType type, std::string_view field, std::string_view what) {
  return Error{ErrorKind::invalid_input,
               fmt::format("signing context of {}: {} {}", name_of(type), field, what)};
}

/** A number that must be there and not negative. */
Result<std::int64_t> required(const SigningContext& context, std::string_view field,
                              const std::optional<std::int64_t>& number) {
  if (!number) return wrong(context.duty_type, field, "is missing");
  if (*number < 0) return wrong(context.duty_type, field, "is negative");
  return *number;
}

/** A number that may be absent, which is stored as 0. */
Result<std::int64_t> optional(const SigningContext& context, std::string_view field,
                              const std::optional<std::int64_t>& number) {
  return number ? required(context, field, number) : Result<std::int64_t>(0);
}

Result<BlockIndex> block_index(const SigningContext& context) {
  constexpr std::string_view kField = "blockIndexWithinCheckpoint";
  if (context.duty_type != DutyType::block_proposal) return kNoBlockIndex;
  Result<std::int64_t> index = required(context, kField, context.block_index_within_checkpoint);
  if (!index) return std::move(index).error();
  if (*index > std::numeric_limits<std::int32_t>::max()) {
    return wrong(context.duty_type, kField, "is larger than 2147483647");
  }
  return BlockIndex(static_cast<std::int32_t>(*index));
}

/** The rules about which numbers belong to which duty type; ranges are checked elsewhere. */
Result<void> check_fields(const SigningContext& context) {
  const DutyType type = context.duty_type;
  if (is_vote(type)) {
    if (context.block_number) return wrong(type, "blockNumber", "does not belong to a vote");
    if (context.checkpoint_number) {
      return wrong(type, "checkpointNumber", "does not belong to a vote");
    }
    if (context.block_index_within_checkpoint) {
      return wrong(type, "blockIndexWithinCheckpoint", "does not belong to a vote");
    }
    return {};
  }
  if (type == DutyType::block_proposal && !context.block_number) {
    return wrong(type, "blockNumber", "is missing");
  }
  if (!context.block_number && !context.checkpoint_number) {
    return wrong(type, "blockNumber or checkpointNumber", "is missing");
  }
  return {};
}

}  // namespace

Result<Duty> duty_from_context(const SigningContext& context, const DutySigner& signer,
                               const MessageHash& message_hash) {
  CHECK(is_protected(context.duty_type));
  Result<std::int64_t> slot = required(context, "slot", context.slot);
  if (!slot) return std::move(slot).error();
  Result<void> fields = check_fields(context);
  if (!fields) return std::move(fields).error();
  Result<BlockIndex> index = block_index(context);
  if (!index) return std::move(index).error();
  Result<std::int64_t> block_number = optional(context, "blockNumber", context.block_number);
  if (!block_number) return std::move(block_number).error();
  Result<std::int64_t> checkpoint_number =
      optional(context, "checkpointNumber", context.checkpoint_number);
  if (!checkpoint_number) return std::move(checkpoint_number).error();

  return Duty{.key = DutyKey{.rollup_address = signer.rollup_address,
                             .validator_address = signer.validator_address,
                             .slot = Slot(*slot),
                             .duty_type = context.duty_type,
                             .block_index_within_checkpoint = *index},
              .message_hash = message_hash,
              .block_number = BlockNumber(*block_number),
              .checkpoint_number = CheckpointNumber(*checkpoint_number)};
}

}  // namespace holdfast
