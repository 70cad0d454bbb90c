#include "base/quote.h"

#include <fmt/format.h>

namespace holdfast {
namespace {

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

/** The length of the UTF-8 character at the beginning of the text, or 0 when there is none. Over-
    long forms and surrogates pass: what is printed need only be harmless. */
std::size_t character_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xc2 ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  if (size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  return size;
}

void append_ascii(std::string& out, char letter) {
  switch (letter) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto code = static_cast<unsigned char>(letter);
  if (code < 0x20 || code == 0x7f) {
    out += fmt::format("\\u{:04x}", code);
  } else {
    out += letter;
  }
}

}  // namespace

std::string quoted(std::string_view text, std::size_t shown) {
  std::string out = "\"";
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = character_size(text.substr(at));
    if (at + (size == 0 ? 1 : size) > shown) break;
    if (size > 1) {
      out += text.substr(at, size);
    } else {
      append_ascii(out, size == 0 ? '?' : text[at]);
    }
    at += size == 0 ? 1 : size;
  }
  out += '"';
  if (at < text.size()) out += "...";
  return out;
}

}  // namespace holdfast
