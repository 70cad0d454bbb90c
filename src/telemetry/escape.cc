#include "telemetry/escape.h"

#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace holdfast {
namespace {

/** How many bytes the valid UTF-8 character at the front has; 0 when it is not valid. */
std::size_t utf8_size(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const auto continues = [&](std::size_t at) {
    return at < text.size() && (byte(at) & 0xc0) == 0x80;
  };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

/** C0 and C1 control characters and DEL: what a terminal would act upon. */
bool is_control(std::string_view character) noexcept {
  const auto first = static_cast<std::uint8_t>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return character.size() == 2 && first == 0xc2 && static_cast<std::uint8_t>(character[1]) < 0xa0;
}

}  // namespace

void append_escaped(std::string& out, std::string_view text, Quote quote) {
  while (!text.empty()) {
    const std::size_t size = utf8_size(text);
    if (size == 0) {
      // JSON has no escape for a byte; the replacement character keeps the line valid.
      if (quote == Quote::double_) {
        out += "\\ufffd";
      } else {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<std::uint8_t>(text[0]));
      }
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = text.substr(0, size);
    text.remove_prefix(size);
    if (is_control(character)) {
      if (character == "\n") {
        out += "\\n";
      } else {
        const auto code = static_cast<std::uint8_t>(character.back());
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
      }
    } else if (quote != Quote::none &&
               (character == "\\" || character[0] == static_cast<char>(quote))) {
      out += '\\';
      out += character;
    } else {
      out += character;
    }
  }
}

void append_quoted(std::string& out, std::string_view text, Quote quote) {
  out += static_cast<char>(quote);
  append_escaped(out, text, quote);
  out += static_cast<char>(quote);
}

}  // namespace holdfast
