#include <algorithm>

#include "cli/setting.h"

namespace holdfast::cli {
namespace {

constexpr std::string_view kMask = "***";

/** Where `word` begins in the text, in any case of letters. */
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  const auto begin = text.begin() + static_cast<std::ptrdiff_t>(std::min(from, text.size()));
  const auto found = std::search(begin, text.end(), word.begin(), word.end(), same);
  return found == text.end() ? std::string_view::npos
                             : static_cast<std::size_t>(found - text.begin());
}

/** The user part's password, between the first colon and the last @ of the text: a password may
    itself hold an @ or a slash that nobody encoded. */
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};
std::optional<Span> password_in_authority(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const auto at = url.rfind('@');
  const auto colon = url.find(':', scheme + 3);
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) {
    return std::nullopt;
  }
  return Span{colon + 1, at};
}

/** The value of a parameter whose name holds "password" (password, sslpassword), up to the next
    parameter. Without a scheme, where values may be quoted, up to the end. */
std::optional<Span> password_in_parameter(std::string_view url, std::size_t from) {
  const auto word = find_word(url, "password", from);
  if (word == std::string_view::npos) return std::nullopt;
  const auto equals = url.find('=', word);
  if (equals == std::string_view::npos) return std::nullopt;
  const bool is_url = url.find("://") != std::string_view::npos;
  const auto end = is_url ? url.find('&', equals) : std::string_view::npos;
  return Span{equals + 1, std::min(end, url.size())};
}

}  // namespace

std::string masked_database_url(std::string_view url) {
  std::string result(url);
  std::size_t from = 0;
  if (const auto span = password_in_authority(result)) {
    result.replace(span->begin, span->end - span->begin, kMask);
    from = span->begin + kMask.size();
  }
  while (const auto span = password_in_parameter(result, from)) {
    result.replace(span->begin, span->end - span->begin, kMask);
    from = span->begin + kMask.size();
  }
  return result;
}

bool has_password(std::string_view database_url) {
  if (const auto span = password_in_authority(database_url); span && span->begin < span->end) {
    return true;
  }
  const auto span = password_in_parameter(database_url, 0);
  return span && span->begin < span->end;
}

std::string shown_value(const Setting& setting, std::string_view text) {
  return setting.type == SettingType::database_url ? masked_database_url(text) : std::string(text);
}

}  // namespace holdfast::cli
