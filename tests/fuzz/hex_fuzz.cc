// Hex text: what is read is written back as the same digits.
#include <algorithm>
#include <string>

#include "base/hex.h"
#include "fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = holdfast::fuzz::text_of(data, size);
  const std::optional<holdfast::Bytes> bytes = holdfast::bytes_from_hex(text);
  if (bytes) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
      return letter >= 'A' && letter <= 'F' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    CHECK(holdfast::to_hex(*bytes) == lower);
  }
  using Four = holdfast::FixedBytes<struct FourTag, 4>;
  const std::optional<Four> four = holdfast::fixed_from_hex<Four>(text);
  CHECK(four.has_value() == (bytes && bytes->size() == Four::kSize));
  CHECK(holdfast::bytes_from_hex(holdfast::to_hex(holdfast::ByteView(data, size))) ==
        holdfast::Bytes(data, data + size));
  return 0;
}
