#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

#include "cli/setting.h"
#include "crypto/address.h"
#include "http/listen_address.h"
#include "store/postgres/postgres_url.h"

namespace holdfast::cli {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Error wrong(std::string message) {
  return {ErrorKind::invalid_input, std::move(message)};
}

/** The value in quotes for an error, cut where it is long. */
std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string shown(text.substr(0, kShown));
  for (char& c : shown) {
    if (has_control_character({&c, 1})) c = '?';
  }
  return fmt::format("'{}{}'", shown, text.size() > kShown ? "..." : "");
}

std::string range_of(const Setting& setting) {
  return fmt::format("{} to {}", setting.min, setting.max);
}

Result<std::string> checked_text(const Setting& setting, std::string_view text) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (has_control_character(text)) return wrong(quoted(text) + " holds a control character");
  if (size < setting.min || size > setting.max) {
    return wrong(
        fmt::format("{} has {} characters, allowed are {}", quoted(text), size, range_of(setting)));
  }
  return std::string(text);
}

Result<std::string> checked_integer(const Setting& setting, std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, number);
  const bool is_number = code == std::errc() && stop == end;
  const std::string of_unit = setting.unit.empty() ? "" : fmt::format(" of {}", setting.unit);
  if (!is_number && code != std::errc::result_out_of_range) {
    return wrong(
        fmt::format("{} is not a whole number{} ({})", quoted(text), of_unit, range_of(setting)));
  }
  if (!is_number || number < setting.min || number > setting.max) {
    return wrong(fmt::format("{} is out of range: allowed are {}{}", quoted(text),
                             range_of(setting),
                             setting.unit.empty() ? "" : fmt::format(" {}", setting.unit)));
  }
  return fmt::format("{}", number);
}

Result<std::string> checked_boolean(std::string_view text) {
  static constexpr std::array<std::string_view, 4> kTrue = {"true", "1", "yes", "on"};
  static constexpr std::array<std::string_view, 4> kFalse = {"false", "0", "no", "off"};
  const std::string word = lower(text);
  if (std::find(kTrue.begin(), kTrue.end(), word) != kTrue.end()) return std::string("true");
  if (std::find(kFalse.begin(), kFalse.end(), word) != kFalse.end()) return std::string("false");
  return wrong(quoted(text) + " is neither yes nor no: use true, false, 1, 0, yes, no, on or off");
}

Result<std::string> checked_choice(const Setting& setting, std::string_view text) {
  const std::string word = lower(text);
  std::string_view rest = setting.choices;
  while (!rest.empty()) {
    const auto bar = rest.find('|');
    if (rest.substr(0, bar) == word) return word;
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  }
  return wrong(fmt::format("{} is not one of {}", quoted(text), setting.choices));
}

Result<std::string> checked_path(std::string_view text) {
  if (has_control_character(text)) return wrong(quoted(text) + " holds a control character");
  return std::string(text);
}

Result<std::string> checked_path_list(std::string_view text) {
  if (has_control_character(text)) return wrong(quoted(text) + " holds a control character");
  if (split_list(text).empty()) return wrong(quoted(text) + " names no file");
  return std::string(text);
}

Result<std::string> checked_database_url(std::string_view text) {
  static constexpr std::string_view kFile = "sqlite:";
  if (has_control_character(text)) return wrong("the database URL holds a control character");
  if (text.starts_with(kFile)) {
    if (text.size() == kFile.size()) return wrong("sqlite: is not followed by a path");
    return std::string(text);
  }
  const Result<PostgresUrl> url = PostgresUrl::parse(text);
  if (!url) {
    return wrong(fmt::format(
        "{}; the form is postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or sqlite:PATH for a "
        "file (the text is not shown, for it may hold a password)",
        url.error().message));
  }
  return std::string(text);
}

Result<std::string> checked_address(std::string_view text) {
  const Result<Address> parsed = address_from_text(text);
  if (!parsed) return wrong(fmt::format("{}: {}", quoted(text), parsed.error().message));
  return to_text(*parsed);
}

Result<std::string> checked_listen_address(std::string_view text) {
  Result<ListenAddress> address = parse_listen_address(text);
  if (!address) return std::move(address).error();
  return address->text();
}

Result<std::string> checked_harmless_types(std::string_view text) {
  std::string canonical;
  for (const std::string& name : split_list(text)) {
    if (name != "AUTH_REQUEST" && name != "TXS") {
      return wrong(quoted(name) +
                   " is not a harmless duty type: only AUTH_REQUEST and TXS may be signed twice");
    }
    canonical += canonical.empty() ? name : "," + name;
  }
  return canonical;
}

/** How many letters must be put in, taken out or changed to get from one word to the other. */
std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t changed = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

Result<std::string> checked_value(const Setting& setting, std::string_view text) {
  switch (setting.type) {
    case SettingType::text:
      return checked_text(setting, text);
    case SettingType::integer:
      return checked_integer(setting, text);
    case SettingType::boolean:
      return checked_boolean(text);
    case SettingType::choice:
      return checked_choice(setting, text);
    case SettingType::path:
      return checked_path(text);
    case SettingType::path_list:
      return checked_path_list(text);
    case SettingType::database_url:
      return checked_database_url(text);
    case SettingType::address:
      return checked_address(text);
    case SettingType::listen_address:
      return checked_listen_address(text);
    case SettingType::harmless_types:
      return checked_harmless_types(text);
  }
  return wrong("is of no known type");
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view part = trimmed(text.substr(0, comma));
    if (!part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::string value_name_of(const Setting& setting) {
  switch (setting.type) {
    case SettingType::text:
      return "NAME";
    case SettingType::integer: {
      std::string unit(setting.unit.empty() ? "number" : setting.unit);
      for (char& c : unit) c = static_cast<char>(c - ('a' - 'A'));
      return unit;
    }
    case SettingType::boolean:
      return "true|false";
    case SettingType::choice:
      return std::string(setting.choices);
    case SettingType::path:
      return setting.id == SettingId::data_dir ? "DIRECTORY" : "FILE";
    case SettingType::path_list:
      return "PATH[,PATH...]";
    case SettingType::database_url:
      return "URL";
    case SettingType::address:
      return "ADDRESS";
    case SettingType::listen_address:
      return "HOST:PORT";
    case SettingType::harmless_types:
      return "TYPE[,TYPE]";
  }
  return "VALUE";
}

std::optional<std::string> nearest_name(std::string_view typed,
                                        std::span<const std::string_view> candidates) {
  std::optional<std::string> nearest;
  std::size_t least = std::max<std::size_t>(2, typed.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(typed, candidate);
    if (distance < least) {
      least = distance;
      nearest = std::string(candidate);
    }
  }
  return nearest;
}

}  // namespace holdfast::cli
