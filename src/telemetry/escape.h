// Text from anywhere as part of one line: control characters, among them those that start terminal
// escapes, and bytes that are not valid UTF-8 become escapes. Pure.
#pragma once

#include <string>
#include <string_view>

namespace holdfast {

/** What stands around the text, and so must be escaped in it. */
enum class Quote : char {
  none = 0,
  /** As JavaScript prints a string in logs. */
  single = '\'',
  /** JSON; a byte that is not UTF-8 becomes U+FFFD. */
  double_ = '"',
};

/** Appends the escaped text without any quotes. */
void append_escaped(std::string& out, std::string_view text, Quote quote);

/** Appends the escaped text in its quotes. */
void append_quoted(std::string& out, std::string_view text, Quote quote);

/** Appends a JSON string. */
inline void append_json_string(std::string& out, std::string_view text) {
  append_quoted(out, text, Quote::double_);
}

}  // namespace holdfast
