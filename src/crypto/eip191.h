// EIP-191, version 0x45 ("personal sign"), over a payload of 32 bytes: what eth_sign signs.
#pragma once

#include <span>

#include "crypto/keccak.h"

namespace holdfast {

/** keccak256("\x19Ethereum Signed Message:\n32" || payload). */
Hash256 eip191_digest(std::span<const std::uint8_t, 32> payload);

}  // namespace holdfast
