// Hexadecimal text, lower case with 0x as Ethereum and Aztec write it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast {

/** "0x" and two lower-case digits a byte. */
std::string to_hex(ByteView bytes);

/** The bytes of "0x" and an even number of hex digits of either case; "0x" alone is no bytes.
    nullopt for anything else: no prefix, odd length, another character. */
std::optional<Bytes> bytes_from_hex(std::string_view text);

/** Exactly as many bytes as the type has, in the form of bytes_from_hex; otherwise nullopt. */
template <class Fixed>
std::optional<Fixed> fixed_from_hex(std::string_view text) {
  if (text.size() != 2 + 2 * Fixed::kSize) return std::nullopt;
  const std::optional<Bytes> bytes = bytes_from_hex(text);
  if (!bytes) return std::nullopt;
  Fixed fixed;
  std::copy(bytes->begin(), bytes->end(), fixed.bytes.begin());
  return fixed;
}

}  // namespace holdfast
