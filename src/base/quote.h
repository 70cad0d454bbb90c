// Text from outside as it may stand in an error message.
#pragma once

#include <string>
#include <string_view>

namespace holdfast {

/** The text in double quotes, escaped as JSON escapes it, so that it cannot break a log line or a
    terminal. What exceeds `shown` bytes is left out and three dots follow the quotes. Bytes that
    are not UTF-8 are shown as "?". Never for secrets. */
std::string quoted(std::string_view text, std::size_t shown = 64);

}  // namespace holdfast
