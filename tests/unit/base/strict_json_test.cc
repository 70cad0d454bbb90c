#include "base/strict_json.h"

#include <limits>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

namespace json = boost::json;

json::value parsed(std::string_view text) {
  Result<json::value> value = parse_strict_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *std::move(value) : json::value();
}

TEST(StrictJson, builds_what_the_text_says) {
  for (const std::string_view text :
       {R"({"a":1,"b":[true,false,null,"x",{"c":[[],{}]}],"":-7})", "[]", "{}", "null", "\"\"",
        "[[[1],2],3]", R"([{"a":1},{"a":1}])", R"({"a":{"a":{"a":1}}})"}) {
    EXPECT_EQ(json::serialize(parsed(text)), text);
  }
  EXPECT_EQ(parsed(" \t\r\n{ \"a\" : [ 1 , 2 ] } \n"), parsed(R"({"a":[1,2]})"));
}

TEST(StrictJson, decodes_escapes_in_strings_and_keys) {
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t\u0041\ud83e\udd8a")").as_string(),
            "\"\\/\b\f\n\r\tA\xf0\x9f\xa6\x8a");
  EXPECT_EQ(parsed(R"({"\u0061b":1})"), parsed(R"({"ab":1})"));
  EXPECT_EQ(parsed(R"("\u0000")").as_string(), json::string(1, '\0'));
}

TEST(StrictJson, keeps_strings_of_every_length_whole) {
  // Long strings with escapes reach the builder in several parts.
  for (const std::size_t size : {0U, 1U, 100U, 1023U, 1024U, 1025U, 5000U}) {
    SCOPED_TRACE(size);
    const std::string plain(size, 'x');
    const json::value value = parsed("{\"" + plain + "\\n\":\"\\t" + plain + "\",\"n\":1.5}");
    EXPECT_EQ(value.at(plain + "\n").as_string(), "\t" + plain);
    EXPECT_EQ(value.at("n").as_double(), 1.5);
  }
}

TEST(StrictJson, keeps_integers_of_64_bits_exact) {
  EXPECT_EQ(parsed("9223372036854775807").as_int64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parsed("-9223372036854775808").as_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parsed("9223372036854775808").as_uint64(), std::uint64_t{1} << 63U);
  EXPECT_EQ(parsed("18446744073709551615").as_uint64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parsed("9007199254740993").as_int64(), 9007199254740993);
}

TEST(StrictJson, gives_a_double_for_a_fraction_or_an_exponent_only) {
  for (const std::string_view text : {"1.0", "1e0", "1E+2", "-0.5", "10000000000000000000000.0"}) {
    SCOPED_TRACE(text);
    EXPECT_TRUE(parsed(text).is_double());
  }
  EXPECT_TRUE(parsed("-0").is_int64());
}

struct Row {
  const char* name;
  std::string_view text;
  std::string_view why;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

class StrictJsonRefusals : public ::testing::TestWithParam<Row> {};

TEST_P(StrictJsonRefusals, say_what_and_where) {
  const Result<json::value> value = parse_strict_json(GetParam().text);
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().kind, ErrorKind::invalid_input);
  EXPECT_NE(value.error().message.find(GetParam().why), std::string::npos) << value.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    StrictJson, StrictJsonRefusals,
    ::testing::Values(
        Row{"nothing", "", "byte 0"}, Row{"white_space", "  \n", "byte 3"},
        Row{"two_documents", "{} {}", "byte 3: text after the end"},
        Row{"a_closing_bracket_too_many", "[]]", "byte 2: text after the end"},
        Row{"a_nul_behind", std::string_view("1\0", 2), "byte 1: text after the end"},
        Row{"a_leading_zero", "01", "byte 1"}, Row{"a_plus", "+1", "byte 0"},
        Row{"a_lone_minus", "-", "byte 1"}, Row{"a_bare_point", "1.", "byte 2"},
        Row{"hex", "0x10", "byte 1"}, Row{"nan", "NaN", "byte 0"},
        Row{"infinity", "-Infinity", "byte 1"}, Row{"an_open_object", R"({"a":1)", "incomplete"},
        Row{"an_open_string", R"("abc)", "incomplete"},
        Row{"a_trailing_comma_in_an_array", "[1,]", "byte 3"},
        Row{"a_trailing_comma_in_an_object", R"({"a":1,})", "byte 7"},
        Row{"a_comment", "/* a */ 1", "byte 0"}, Row{"a_line_comment", "1 // a", "byte 2"},
        Row{"single_quotes", "'a'", "byte 0"}, Row{"a_bare_key", "{a:1}", "byte 1"},
        Row{"a_number_as_a_key", "{1:1}", "byte 1"}, Row{"a_tab_in_a_string", "\"a\tb\"", "byte 2"},
        Row{"an_unknown_escape", R"("\x41")", "byte 2"},
        Row{"half_a_surrogate_pair", R"("\ud83e")", "byte 7"},
        Row{"the_other_half", R"("\udd8a")", "byte"},
        Row{"a_byte_order_mark", "\xef\xbb\xbf{}", "byte 0: not UTF-8"},
        Row{"a_byte_that_is_not_utf8", "\"\xff\"", "byte 1: not UTF-8"},
        Row{"an_overlong_character", "\"\xc0\x80\"", "byte 1: not UTF-8"},
        Row{"an_encoded_surrogate", "\"\xed\xa0\x80\"", "byte"},
        Row{"a_cut_character", "\"\xe2\x82\"", "byte"},
        Row{"a_duplicate_key", R"({"slot":1,"slot":1})", R"(byte 15: duplicate key "slot")"},
        Row{"a_duplicate_key_written_with_an_escape", R"({"slot":1,"sl\u006ft":2})",
            R"(duplicate key "slot")"},
        Row{"a_duplicate_key_deep_inside", R"([{"a":[{"b":1,"c":2,"b":3}]}])",
            R"(duplicate key "b")"},
        Row{"an_integer_of_65_bits", "18446744073709551616", "does not fit 64 bits"},
        Row{"a_negative_integer_of_65_bits", "-9223372036854775809", "does not fit 64 bits"},
        Row{"an_integer_of_many_digits", "[100000000000000000000000000]", "does not fit 64 bits"},
        Row{"a_double_that_overflows", "1e999", "too large"},
        Row{"an_exponent_that_overflows", "1e99999999999", "exponent"}),
    [](const auto& row) { return std::string(row.param.name); });

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(StrictJson, takes_nesting_up_to_its_limit) {
  EXPECT_TRUE(parse_strict_json(nested(31)).has_value());
  EXPECT_TRUE(parse_strict_json(nested(32)).has_value());
  const Result<json::value> deeper = parse_strict_json(nested(33));
  ASSERT_FALSE(deeper.has_value());
  EXPECT_NE(deeper.error().message.find("deeper than 32"), std::string::npos);

  StrictJsonLimits flat;
  flat.max_depth = 1;
  EXPECT_TRUE(parse_strict_json("{\"a\":1}", flat).has_value());
  EXPECT_FALSE(parse_strict_json("{\"a\":[]}", flat).has_value());
}

TEST(StrictJson, takes_text_up_to_its_limit) {
  StrictJsonLimits limits;
  limits.max_bytes = 5;
  EXPECT_TRUE(parse_strict_json("[12]", limits).has_value());
  EXPECT_TRUE(parse_strict_json("[123]", limits).has_value());
  const Result<json::value> longer = parse_strict_json("[1234]", limits);
  ASSERT_FALSE(longer.has_value());
  EXPECT_NE(longer.error().message.find("6 bytes; at most 5"), std::string::npos);
}

TEST(StrictJson, refuses_endless_nesting_without_deep_recursion) {
  EXPECT_FALSE(parse_strict_json(std::string(1'000'000, '[')).has_value());
}

TEST(StrictJson, shortens_a_long_key_and_shows_no_value) {
  const std::string key(200, 'k');
  const Result<json::value> value =
      parse_strict_json("{\"" + key + "\":\"secret\",\"" + key + "\":\"secret\"}");
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().message.find(key), std::string::npos);
  EXPECT_EQ(value.error().message.find("secret"), std::string::npos);
}

TEST(StrictJson, keeps_the_value_in_the_storage_it_is_given) {
  unsigned char buffer[4096];
  json::monotonic_resource storage(buffer, sizeof(buffer));
  const Result<json::value> value =
      parse_strict_json(R"({"key":["a string that is too long to be kept in place"]})", {},
                        json::storage_ptr(&storage));
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->storage().get(), &storage);
  const json::value& element = value->at("key").as_array().at(0);
  EXPECT_EQ(element.storage().get(), &storage);
}

}  // namespace
}  // namespace holdfast
