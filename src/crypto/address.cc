#include "crypto/address.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/hex.h"
#include "crypto/keccak.h"

namespace holdfast {
namespace {

constexpr std::size_t kTextSize = 2 + 2 * Address::kSize;

bool is_upper(char letter) {
  return letter >= 'A' && letter <= 'F';
}
bool is_lower(char letter) {
  return letter >= 'a' && letter <= 'f';
}

Error bad_address(std::string_view what) {
  return Error{ErrorKind::invalid_input, fmt::format("not an address: {}", what)};
}

}  // namespace

std::string to_text(const Address& address) {
  return to_hex(address.view());
}

std::string to_eip55(const Address& address) {
  std::string text = to_text(address);
  const std::string_view digits = std::string_view(text).substr(2);
  const Hash256 check_sum = keccak256(as_bytes(digits));
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const unsigned pair = check_sum.bytes[i / 2];
    const unsigned nibble = i % 2 == 0 ? pair >> 4U : pair & 0xfU;
    if (nibble >= 8 && is_lower(text[2 + i])) {
      text[2 + i] = static_cast<char>(text[2 + i] - 'a' + 'A');
    }
  }
  return text;
}

Result<Address> address_from_text(std::string_view text) {
  if (text.substr(0, 2) != "0x") return bad_address("it does not begin with 0x");
  if (text.size() != kTextSize) {
    return bad_address(fmt::format("{} characters instead of {}", text.size(), kTextSize));
  }
  const std::optional<Address> address = fixed_from_hex<Address>(text);
  if (!address) return bad_address("a character that is no hex digit");
  const bool mixed = std::any_of(text.begin() + 2, text.end(), is_upper) &&
                     std::any_of(text.begin() + 2, text.end(), is_lower);
  if (mixed && text != to_eip55(*address)) {
    return bad_address(
        "its mixed case has a wrong EIP-55 check sum (mistyped? lower case is accepted too)");
  }
  return *address;
}

}  // namespace holdfast
