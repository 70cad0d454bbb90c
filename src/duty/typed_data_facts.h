// What the typed data itself says about the duty, so that a request whose context says something
// else is refused. Source: reference section 3 (both lines of Aztec).
#pragma once

#include <optional>

#include "base/result.h"
#include "crypto/typed_data.h"
#include "duty/duty.h"
#include "duty/signing_context.h"

namespace holdfast {

enum class TypedDataClass : std::uint8_t {
  /** Not a message that an Aztec validator is known to sign: refused for attester keys. */
  unknown = 0,
  /** A duty of one certain type: BlockProposal, CheckpointProposal, CheckpointAttestation,
      AttestationsAndSigners, Signal, Vote. */
  duty,
  /** SignedTxs: harmless. */
  txs,
  /** AttesterExit gives up the stake: refused unless the configuration asks for it by name. */
  attester_exit,
};

struct TypedDataFacts {
  TypedDataClass data_class = TypedDataClass::unknown;
  /** Class duty: GOVERNANCE_VOTE or SLASHING_VOTE for the votes (an empire slashing Signal is a
      Signal too, so a Signal fits both votes), the exact type otherwise. */
  std::optional<DutyType> duty_type;
  /** A Signal, which both GOVERNANCE_VOTE and SLASHING_VOTE may be. */
  bool fits_either_vote = false;
  /** The votes carry their slot. */
  std::optional<Slot> slot;
};

TypedDataFacts facts_of(const TypedData& data);

/** invalid_input when the context's duty type or slot is not what the typed data says. */
Result<void> check_context(const TypedDataFacts& facts, const SigningContext& context);

}  // namespace holdfast
