#include "cli/option_value.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/hex.h"

namespace holdfast::cli {
namespace {

Error wrong(std::string message) {
  return {ErrorKind::invalid_input, std::move(message)};
}

template <class Number>
std::optional<Number> number_of(std::string_view text, Number min, Number max) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || stop != end || number < min || number > max) return std::nullopt;
  return number;
}

}  // namespace

Result<Slot> slot_of(std::string_view text) {
  const auto number = number_of<std::int64_t>(text, 0, std::numeric_limits<std::int64_t>::max());
  if (!number) return wrong("a slot is a whole number from 0 to 2^63 - 1");
  return Slot(*number);
}

Result<DutyType> protected_type_of(std::string_view text) {
  const std::optional<DutyType> type = duty_type_from_name(text);
  if (type && is_protected(*type)) return *type;
  std::string names;
  for (const DutyType known : kProtectedDutyTypes) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(known));
  }
  return wrong("a duty type is one of " + names);
}

Result<BlockIndex> block_index_of(std::string_view text) {
  const auto number = number_of<std::int32_t>(text, 0, std::numeric_limits<std::int32_t>::max());
  if (!number) return wrong("a block index is a whole number from 0 to 2^31 - 1");
  return BlockIndex(*number);
}

Result<MessageHash> message_hash_of(std::string_view text) {
  const auto hash = fixed_from_hex<MessageHash>(text);
  if (!hash) return wrong("a message hash is 0x and 64 hex digits");
  return *hash;
}

Result<DutyStatus> status_of(std::string_view text) {
  if (text == name_of(DutyStatus::signing)) return DutyStatus::signing;
  if (text == name_of(DutyStatus::signed_)) return DutyStatus::signed_;
  return wrong("a status is signing or signed");
}

Result<std::chrono::seconds> period_of(std::string_view text) {
  constexpr std::int64_t kTenYears = 10LL * 365 * 24 * 3600;
  const Error bad = wrong("a period is a whole number and s, m, h or d, such as 90s or 2h");
  if (text.size() < 2) return bad;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3600;
      break;
    case 'd':
      unit = 24 * 3600;
      break;
    default:
      return bad;
  }
  const auto number = number_of<std::int64_t>(text.substr(0, text.size() - 1), 1, kTenYears / unit);
  if (!number) return bad;
  return std::chrono::seconds(*number * unit);
}

Result<std::size_t> count_of(std::string_view text, std::size_t max) {
  const auto number = number_of<std::size_t>(text, 1, max);
  if (!number) return wrong(fmt::format("a number from 1 to {} is needed", max));
  return *number;
}

}  // namespace holdfast::cli
