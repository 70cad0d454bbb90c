#include "crypto/eip191.h"

#include <string_view>

namespace holdfast {

Hash256 eip191_digest(std::span<const std::uint8_t, 32> payload) {
  constexpr std::string_view kPrefix =
      "\x19"
      "Ethereum Signed Message:\n32";
  return keccak256({as_bytes(kPrefix), payload});
}

}  // namespace holdfast
