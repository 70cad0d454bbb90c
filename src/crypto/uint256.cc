#include "crypto/uint256.h"

#include <algorithm>
#include <bit>

namespace holdfast {
namespace {

std::optional<unsigned> digit_value(char digit, unsigned base) {
  unsigned value = base;
  if (digit >= '0' && digit <= '9') value = static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') value = static_cast<unsigned>(digit - 'a') + 10;
  if (digit >= 'A' && digit <= 'F') value = static_cast<unsigned>(digit - 'A') + 10;
  if (value >= base) return std::nullopt;
  return value;
}

std::optional<Uint256> from_digits(std::string_view digits, unsigned base) {
  if (digits.empty()) return std::nullopt;
  Uint256 number;
  for (const char digit : digits) {
    const std::optional<unsigned> value = digit_value(digit, base);
    if (!value) return std::nullopt;
    unsigned carry = *value;
    for (auto byte = number.bytes.rbegin(); byte != number.bytes.rend(); ++byte) {
      carry += *byte * base;
      *byte = static_cast<std::uint8_t>(carry & 0xffU);
      carry >>= 8U;
    }
    if (carry != 0) return std::nullopt;
  }
  return number;
}

}  // namespace

Uint256 uint256_from(std::uint64_t number) {
  Uint256 result;
  for (auto byte = result.bytes.rbegin(); number != 0; ++byte, number >>= 8U) {
    *byte = static_cast<std::uint8_t>(number & 0xffU);
  }
  return result;
}

std::optional<Uint256> uint256_from_decimal(std::string_view digits) {
  return from_digits(digits, 10);
}

std::optional<Uint256> uint256_from_hex(std::string_view text) {
  if (text.substr(0, 2) != "0x") return std::nullopt;
  return from_digits(text.substr(2), 16);
}

std::optional<std::uint64_t> to_uint64(const Uint256& number) {
  if (bit_length(number) > 64) return std::nullopt;
  std::uint64_t result = 0;
  for (const std::uint8_t byte : number.view().last(8)) result = result << 8U | byte;
  return result;
}

std::string to_quantity(const Uint256& number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (const std::uint8_t byte : minimal_bytes(number)) {
    digits += kDigits[byte >> 4U];
    digits += kDigits[byte & 0xfU];
  }
  if (digits.empty()) return "0x0";
  return "0x" + (digits.front() == '0' ? digits.substr(1) : digits);
}

std::size_t bit_length(const Uint256& number) {
  const ByteView bytes = minimal_bytes(number);
  if (bytes.empty()) return 0;
  return 8 * (bytes.size() - 1) + static_cast<std::size_t>(std::bit_width(bytes.front()));
}

Uint256 negated(const Uint256& number) {
  Uint256 result;
  unsigned carry = 1;
  for (std::size_t i = number.bytes.size(); i-- > 0;) {
    carry += static_cast<std::uint8_t>(~number.bytes[i]);
    result.bytes[i] = static_cast<std::uint8_t>(carry & 0xffU);
    carry >>= 8U;
  }
  return result;
}

ByteView minimal_bytes(const Uint256& number) {
  const auto first = std::find_if(number.bytes.begin(), number.bytes.end(),
                                  [](std::uint8_t byte) { return byte != 0; });
  return number.view().subspan(static_cast<std::size_t>(first - number.bytes.begin()));
}

}  // namespace holdfast
