// Typed data: the digest is a function of the value, not of its text.
#include <boost/json/serialize.hpp>

#include "base/strict_json.h"
#include "crypto/typed_data.h"
#include "fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = holdfast::fuzz::text_of(data, size);
  const holdfast::Result<holdfast::TypedData> typed_data = holdfast::TypedData::parse(text);
  if (!typed_data) {
    CHECK(typed_data.error().kind == holdfast::ErrorKind::invalid_input);
    holdfast::fuzz::check_message(typed_data.error().message);
    return 0;
  }
  const holdfast::Result<boost::json::value> value = holdfast::parse_strict_json(text);
  CHECK(value.has_value());
  const holdfast::Result<holdfast::TypedData> again =
      holdfast::TypedData::parse(boost::json::serialize(*value));
  CHECK(again.has_value());
  CHECK(again->digest() == typed_data->digest());
  CHECK(again->domain_separator() == typed_data->domain_separator());
  return 0;
}
