// Strict JSON: what is read, written and read again is the same value, and our limits only refuse
// what Boost.JSON reads, never the other way round.
#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/strict_json.h"
#include "fuzz_check.h"

namespace {

namespace json = boost::json;

bool holds_double(const json::value& value) {
  if (const json::object* object = value.if_object()) {
    return std::any_of(object->begin(), object->end(),
                       [](const auto& member) { return holds_double(member.value()); });
  }
  if (const json::array* array = value.if_array()) {
    return std::any_of(array->begin(), array->end(), holds_double);
  }
  return value.is_double();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzz = holdfast::fuzz;
  const std::string_view text = fuzz::text_of(data, size);
  const holdfast::Result<json::value> value = holdfast::parse_strict_json(text);
  if (!value) {
    CHECK(value.error().kind == holdfast::ErrorKind::invalid_input);
    fuzz::check_message(value.error().message);
    return 0;
  }
  json::error_code error;
  const json::value lenient = json::parse(text, error);
  CHECK(!error);
  CHECK(lenient == *value);
  const holdfast::Result<json::value> again = holdfast::parse_strict_json(json::serialize(*value));
  CHECK(again.has_value());
  // Boost.JSON reads a double to within its last bit only, which nothing that is signed depends on.
  CHECK(holds_double(*value) || *again == *value);
  return 0;
}
