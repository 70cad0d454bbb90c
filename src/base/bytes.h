// Bytes of a fixed length as distinct types: an Address is not a MessageHash even where both are
// arrays of bytes.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace holdfast {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/** N bytes that mean what Tag says. Value-initialised to zeros; "absent" is std::optional, never
    all-zero. */
template <class Tag, std::size_t N>
struct FixedBytes {
  static constexpr std::size_t kSize = N;

  std::array<std::uint8_t, N> bytes{};

  constexpr ByteView view() const noexcept { return bytes; }
  friend constexpr auto operator<=>(const FixedBytes&, const FixedBytes&) = default;
};

/** The bytes of a string, as they are. The view lives as long as the text. */
inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace holdfast

template <class Tag, std::size_t N>
struct std::hash<holdfast::FixedBytes<Tag, N>> {
  std::size_t operator()(const holdfast::FixedBytes<Tag, N>& value) const noexcept {
    // Addresses and hashes are uniform already; their last bytes are hash enough.
    std::size_t result = 0;
    constexpr std::size_t kTake = N < sizeof(result) ? N : sizeof(result);
    std::memcpy(&result, value.bytes.data() + (N - kTake), kTake);
    return result;
  }
};
