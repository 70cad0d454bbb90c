// The JSON-RPC request for a duty of the demo, and the digest that its signature must be of. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "cli/demo/duty_plan.h"
#include "crypto/address.h"
#include "crypto/keccak.h"
#include "duty/duty.h"

namespace holdfast::cli::demo {

struct DemoMessage {
  /** The whole body of the request. */
  std::string request;
  MessageHash message_hash;
  /** What ECDSA signs. */
  Hash256 digest;
};

/** The message that the sequencer beside node `node` wants signed. Every sequencer builds blocks
    of its own, so block proposals differ from node to node; all else is the same everywhere. */
DemoMessage message_for(const DueDuty& duty, std::size_t node, const Address& validator,
                        std::uint64_t chain_id);

}  // namespace holdfast::cli::demo
