// What a fuzz target demands of a parser, beyond not crashing.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace holdfast::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/** An error message is one line that says something and does not grow with the input. */
inline void check_message(std::string_view message) {
  CHECK(!message.empty());
  CHECK(message.size() < 1'024);
  for (const char letter : message) {
    CHECK(static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7f);
  }
}

}  // namespace holdfast::fuzz
