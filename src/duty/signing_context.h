// What a client says about the message that it wants signed, and the rules that turn it into a
// Duty. Source: reference section 4.1 item 5 and 4.7 items 100-108, for Aztec 4.1.2 and the newer
// line (checkpoint_number).
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "duty/duty.h"

namespace holdfast {

/** The third parameter of a sign request, syntax already checked, meaning not yet. */
struct SigningContext {
  DutyType duty_type = DutyType::unknown;
  std::optional<std::int64_t> slot;
  std::optional<std::int64_t> block_number;
  std::optional<std::int64_t> checkpoint_number;
  std::optional<std::int64_t> block_index_within_checkpoint;
};

/** Who signs where: the parts of a duty key that the context does not carry. */
struct DutySigner {
  RollupAddress rollup_address;
  Address validator_address;
};

/** The duty of a context with a protected type (CHECK). invalid_input names the field that is
    missing, negative, too large, or does not belong to this duty type:
    - slot: always needed, 0 to 2^63 - 1;
    - block proposal: block_index_within_checkpoint 0 to 2^31 - 1 and block_number are needed;
    - checkpoint proposal, attestation, attestations and signers: block_number or
      checkpoint_number is needed, a block index is ignored as Aztec ignores it (stored as -1);
    - votes: only the slot; a number or an index is an error. */
Result<Duty> duty_from_context(const SigningContext& context, const DutySigner& signer,
                               const MessageHash& message_hash);

}  // namespace holdfast
