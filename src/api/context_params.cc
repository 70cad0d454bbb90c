#include "api/context_params.h"

#include <charconv>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/quote.h"

namespace holdfast {
namespace {

Error wrong(std::string_view field, std::string_view what) {
  return Error{ErrorKind::invalid_input, fmt::format("signing context: {}: {}", field, what)};
}

constexpr std::string_view kNumberForm =
    "must be an integer or a string of decimal digits, at most 9223372036854775807";

/** Decimal digits without leading zeros, perhaps after a minus; the rules say what may be
    negative. */
std::optional<std::int64_t> integer_from_text(std::string_view text) {
  const std::string_view digits = text.substr(text.substr(0, 1) == "-" ? 1 : 0);
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<std::int64_t> read_integer(std::string_view field, const boost::json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_string()) {
    const boost::json::string& text = value.get_string();
    const auto number = integer_from_text({text.data(), text.size()});
    if (number) return *number;
  }
  return wrong(field, kNumberForm);
}

Result<DutyType> read_type(const boost::json::value& value) {
  if (!value.is_string()) return wrong("dutyType", "must be a string");
  const boost::json::string& text = value.get_string();
  const std::string_view name{text.data(), text.size()};
  const std::optional<DutyType> type = duty_type_from_name(name);
  if (!type) return wrong("dutyType", fmt::format("{} is not a duty type", quoted(name)));
  return *type;
}

/** Where the field's number goes; null for a name that no context has. */
std::optional<std::int64_t>* slot_for(SigningContext& context, std::string_view field) {
  if (field == "slot") return &context.slot;
  if (field == "blockNumber") return &context.block_number;
  if (field == "checkpointNumber") return &context.checkpoint_number;
  if (field == "blockIndexWithinCheckpoint") return &context.block_index_within_checkpoint;
  return nullptr;
}

}  // namespace

Result<SigningContext> context_from_json(const boost::json::value& value) {
  const boost::json::object* object = value.if_object();
  if (object == nullptr) {
    return Error{ErrorKind::invalid_input, "signing context: must be an object"};
  }
  SigningContext context;
  bool has_number = false;
  for (const auto& [key, member] : *object) {
    const std::string_view field{key.data(), key.size()};
    if (field == "dutyType") {
      const Result<DutyType> type = read_type(member);
      if (!type) return type.error();
      context.duty_type = *type;
      continue;
    }
    std::optional<std::int64_t>* number = slot_for(context, field);
    if (number == nullptr) {
      return Error{ErrorKind::invalid_input,
                   fmt::format("signing context: unknown key {}; the keys are dutyType, slot, "
                               "blockNumber, checkpointNumber, blockIndexWithinCheckpoint",
                               quoted(field))};
    }
    const Result<std::int64_t> read = read_integer(field, member);
    if (!read) return read.error();
    *number = *read;
    has_number = true;
  }
  if (context.duty_type == DutyType::unknown) return wrong("dutyType", "is missing");
  if (has_number && !is_protected(context.duty_type)) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("signing context: {} carries nothing but its dutyType",
                             name_of(context.duty_type))};
  }
  return context;
}

}  // namespace holdfast
