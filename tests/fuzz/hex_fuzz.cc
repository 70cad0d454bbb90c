// Hex text: what is read is written back as the same digits.
#include <algorithm>
#include <string>

#include "base/hex.h"
#include "fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  const std::string_view text = fuzz::text_of(data, size);
  const std::optional<Bytes> bytes = bytes_from_hex(text);
  if (bytes) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
      return letter >= 'A' && letter <= 'F' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    CHECK(to_hex(*bytes) == lower);
  }
  using Four = FixedBytes<struct FourTag, 4>;
  const std::optional<Four> four = fixed_from_hex<Four>(text);
  CHECK(four.has_value() == (bytes && bytes->size() == Four::kSize));
  CHECK(bytes_from_hex(to_hex(ByteView(data, size))) == Bytes(data, data + size));
  return 0;
}
