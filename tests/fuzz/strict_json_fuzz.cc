// Strict JSON: what is read, written and read again is the same value, and our limits only refuse
// what Boost.JSON reads, never the other way round.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/strict_json.h"
#include "fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  const std::string_view text = fuzz::text_of(data, size);
  const Result<boost::json::value> value = parse_strict_json(text);
  if (!value) {
    CHECK(value.error().kind == ErrorKind::invalid_input);
    fuzz::check_message(value.error().message);
    return 0;
  }
  boost::json::error_code error;
  const boost::json::value lenient = boost::json::parse(text, error);
  CHECK(!error);
  CHECK(lenient == *value);
  const Result<boost::json::value> again = parse_strict_json(boost::json::serialize(*value));
  CHECK(again.has_value());
  CHECK(*again == *value);
  return 0;
}
