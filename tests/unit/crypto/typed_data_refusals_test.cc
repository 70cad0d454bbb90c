#include <fmt/format.h>
#include <gtest/gtest.h>

#include "crypto/typed_data.h"

namespace holdfast {
namespace {

void expect_refused(std::string_view json, std::string_view why) {
  const Result<TypedData> data = TypedData::parse(json);
  ASSERT_FALSE(data.has_value()) << json;
  EXPECT_EQ(data.error().kind, ErrorKind::invalid_input);
  EXPECT_NE(data.error().message.find(why), std::string::npos) << data.error().message;
}

std::string document_of_types(std::string_view types) {
  return fmt::format(R"({{"types":{},"primaryType":"M","domain":{{}},"message":{{}}}})", types);
}

/** A document whose one field has that type and value. */
std::string document_of_value(std::string_view type, std::string_view value) {
  return fmt::format(
      R"({{"types":{{"M":[{{"name":"a","type":"{}"}}],"S":[{{"name":"b","type":"uint8"}}]}},)"
      R"("primaryType":"M","domain":{{}},"message":{{"a":{}}}}})",
      type, value);
}

struct Row {
  const char* name;
  std::string_view json;
  std::string_view why;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

std::string row_name(const ::testing::TestParamInfo<Row>& row) {
  return row.param.name;
}

class RefusedDocuments : public ::testing::TestWithParam<Row> {};
TEST_P(RefusedDocuments, say_why) {
  expect_refused(GetParam().json, GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(
    TypedData, RefusedDocuments,
    ::testing::Values(
        Row{"no_json", "", "invalid JSON"}, Row{"an_array", "[]", "an object"},
        Row{"no_types", R"({"primaryType":"M","domain":{},"message":{}})", "types is missing"},
        Row{"no_primary_type", R"({"types":{"M":[]},"domain":{},"message":{}})",
            "primaryType is missing"},
        Row{"no_domain", R"({"types":{"M":[]},"primaryType":"M","message":{}})",
            "domain is missing"},
        Row{"no_message", R"({"types":{"M":[]},"primaryType":"M","domain":{}})",
            "message is missing"},
        Row{"an_unknown_key",
            R"({"types":{"M":[]},"primaryType":"M","domain":{},"message":{},"x":1})",
            R"(unknown key "x")"},
        Row{"a_duplicate_key",
            R"({"types":{"M":[]},"primaryType":"M","domain":{},"message":{},"message":{}})",
            "duplicate key"},
        Row{"types_no_object", R"({"types":[],"primaryType":"M","domain":{},"message":{}})",
            "types: an object"},
        Row{"primary_type_no_string",
            R"({"types":{"M":[]},"primaryType":1,"domain":{},"message":{}})", "primaryType"},
        Row{"domain_null", R"({"types":{"M":[]},"primaryType":"M","domain":null,"message":{}})",
            "domain: an object"},
        Row{"message_no_object", R"({"types":{"M":[]},"primaryType":"M","domain":{},"message":[]})",
            "message: an object"},
        Row{"an_undeclared_primary_type",
            R"({"types":{"M":[]},"primaryType":"N","domain":{},"message":{}})",
            R"(primaryType: "N")"},
        Row{"the_domain_as_primary_type",
            R"({"types":{"M":[]},"primaryType":"EIP712Domain","domain":{},"message":{}})",
            "primaryType"},
        Row{"an_unknown_domain_field",
            R"({"types":{"M":[]},"primaryType":"M","domain":{"chain":1},"message":{}})",
            R"(domain: "chain" is not declared)"},
        Row{"a_declared_domain_field_that_is_missing",
            R"({"types":{"M":[],"EIP712Domain":[{"name":"name","type":"string"}]},)"
            R"("primaryType":"M","domain":{},"message":{}})",
            "domain.name: missing"},
        Row{"a_domain_field_that_is_not_declared",
            R"({"types":{"M":[],"EIP712Domain":[]},"primaryType":"M","domain":{"chainId":1},)"
            R"("message":{}})",
            R"(domain: "chainId" is not declared)"},
        Row{"an_empty_version_of_a_derived_domain",
            R"({"types":{"M":[]},"primaryType":"M","domain":{"version":""},"message":{}})",
            "domain.version"},
        Row{"a_null_chain_id",
            R"({"types":{"M":[]},"primaryType":"M","domain":{"chainId":null},"message":{}})",
            "domain.chainId"}),
    row_name);

class RefusedTypes : public ::testing::TestWithParam<Row> {};
TEST_P(RefusedTypes, say_why) {
  expect_refused(document_of_types(GetParam().json), GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(
    TypedData, RefusedTypes,
    ::testing::Values(
        Row{"fields_no_array", R"({"M":{}})", "no array"},
        Row{"a_field_no_object", R"({"M":[1]})", "no object"},
        Row{"a_field_without_type", R"({"M":[{"name":"a"}]})", "{name, type}"},
        Row{"a_field_with_more", R"({"M":[{"name":"a","type":"bool","x":1}]})", "{name, type}"},
        Row{"a_field_twice", R"({"M":[{"name":"a","type":"bool"},{"name":"a","type":"uint8"}]})",
            "twice"},
        Row{"an_empty_field_name", R"({"M":[{"name":"","type":"bool"}]})", "field name"},
        Row{"a_field_name_that_closes_the_type", R"j({"M":[{"name":"a)","type":"bool"}]})j",
            "field name"},
        Row{"a_field_name_with_a_comma", R"({"M":[{"name":"a,bool b","type":"bool"}]})",
            "field name"},
        Row{"a_type_name_with_a_space", R"({"M":[],"A B":[]})", "cannot name"},
        Row{"a_type_named_address", R"({"M":[],"address":[]})", "cannot name"},
        Row{"a_type_named_uint256", R"({"M":[],"uint256":[]})", "cannot name"},
        Row{"a_type_that_begins_with_bytes", R"({"M":[],"bytesX":[]})", "cannot name"},
        Row{"an_undeclared_type", R"({"M":[{"name":"a","type":"S"}]})", "not declared"},
        Row{"an_undeclared_type_of_an_unused_one", R"({"M":[],"U":[{"name":"a","type":"S"}]})",
            "U.a"},
        Row{"the_domain_as_a_field",
            R"({"M":[{"name":"a","type":"EIP712Domain"}],"EIP712Domain":[]})", "M.a"},
        Row{"uint_without_width", R"({"M":[{"name":"a","type":"uint"}]})", "need a width"},
        Row{"int_without_width", R"({"M":[{"name":"a","type":"int"}]})", "need a width"},
        Row{"uint0", R"({"M":[{"name":"a","type":"uint0"}]})", "is no type"},
        Row{"uint7", R"({"M":[{"name":"a","type":"uint7"}]})", "is no type"},
        Row{"uint08", R"({"M":[{"name":"a","type":"uint08"}]})", "is no type"},
        Row{"uint264", R"({"M":[{"name":"a","type":"uint264"}]})", "is no type"},
        Row{"bytes0", R"({"M":[{"name":"a","type":"bytes0"}]})", "is no type"},
        Row{"bytes33", R"({"M":[{"name":"a","type":"bytes33"}]})", "is no type"},
        Row{"an_empty_type", R"({"M":[{"name":"a","type":""}]})", "no type name"},
        Row{"a_fixed_point_type", R"({"M":[{"name":"a","type":"fixed128x18"}]})", "not declared"},
        Row{"an_array_of_0", R"({"M":[{"name":"a","type":"bool[0]"}]})", "no array type"},
        Row{"an_array_of_minus_1", R"({"M":[{"name":"a","type":"bool[-1]"}]})", "no array type"},
        Row{"an_array_of_01", R"({"M":[{"name":"a","type":"bool[01]"}]})", "no array type"},
        Row{"an_array_of_2_to_the_32", R"({"M":[{"name":"a","type":"bool[4294967296]"}]})",
            "no array type"},
        Row{"an_open_bracket", R"({"M":[{"name":"a","type":"bool["}]})", "no array type"},
        Row{"a_closing_bracket", R"({"M":[{"name":"a","type":"bool]"}]})", "no type name"},
        Row{"text_behind_a_bracket", R"({"M":[{"name":"a","type":"bool[]x"}]})", "no array type"},
        Row{"9_dimensions", R"({"M":[{"name":"a","type":"bool[][][][][][][][][]"}]})",
            "no array type"}),
    row_name);

struct ValueRow {
  const char* name;
  std::string_view type;
  std::string_view value;
  std::string_view why;
};

void PrintTo(const ValueRow& row, std::ostream* out) {
  *out << row.name;
}

class RefusedValues : public ::testing::TestWithParam<ValueRow> {};
TEST_P(RefusedValues, say_where_and_why) {
  const std::string json = document_of_value(GetParam().type, GetParam().value);
  expect_refused(json, "message");
  expect_refused(json, GetParam().why);
}

constexpr std::string_view kMixedCase = R"("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD")";
constexpr std::string_view kUpperCase = R"("0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED")";
constexpr std::string_view kTwoTo256 =
    R"("115792089237316195423570985008687907853269984665640564039457584007913129639936")";

INSTANTIATE_TEST_SUITE_P(
    TypedData, RefusedValues,
    ::testing::Values(
        ValueRow{"null", "uint8", "null", "message.a"},
        ValueRow{"uint8_of_256", "uint8", "256", "range of uint8"},
        ValueRow{"uint8_of_minus_1", "uint8", "-1", "range of uint8"},
        ValueRow{"uint8_text_of_minus_1", "uint8", R"("-1")", "range of uint8"},
        ValueRow{"int8_of_128", "int8", "128", "range of int8"},
        ValueRow{"int8_of_minus_129", "int8", R"("-129")", "range of int8"},
        ValueRow{"int8_of_minus_192", "int8", R"("-192")", "range of int8"},
        ValueRow{"int8_hex_of_255", "int8", R"("0xff")", "range of int8"},
        ValueRow{"uint256_of_2_to_the_256", "uint256", kTwoTo256, "no integer of 256 bits"},
        ValueRow{"a_double", "uint8", "1.0", "rounded"},
        ValueRow{"an_exponent", "uint256", "1e3", "rounded"},
        ValueRow{"an_empty_number", "uint8", R"("")", "no integer"},
        ValueRow{"a_number_with_a_space", "uint8", R"(" 1")", "no integer"},
        ValueRow{"a_number_with_a_plus", "uint8", R"("+1")", "no integer"},
        ValueRow{"a_binary_number", "uint8", R"("0b1")", "no integer"},
        ValueRow{"a_negative_hex_number", "int8", R"("-0x1")", "no integer"},
        ValueRow{"hex_without_digits", "uint8", R"("0x")", "no integer"},
        ValueRow{"true_as_a_number", "uint8", "true", "an integer"},
        ValueRow{"one_as_a_bool", "bool", "1", "true or false"},
        ValueRow{"text_as_a_bool", "bool", R"("true")", "true or false"},
        ValueRow{"a_number_as_a_string", "string", "1", "a string"},
        ValueRow{"a_number_as_bytes", "bytes", "1", "bytes"},
        ValueRow{"bytes_without_prefix", "bytes", R"("ab")", "hex digits"},
        ValueRow{"half_a_byte", "bytes", R"("0xabc")", "hex digits"},
        ValueRow{"bytes4_of_3", "bytes4", R"("0xababab")", "3 bytes instead of 4"},
        ValueRow{"bytes4_of_5", "bytes4", R"("0xababababab")", "5 bytes instead of 4"},
        ValueRow{"a_short_address", "address", R"("0x00")", "not an address"},
        ValueRow{"an_address_with_a_wrong_check_sum", "address", kMixedCase, "check sum"},
        ValueRow{"an_address_in_upper_case", "address", kUpperCase, "upper case"},
        ValueRow{"a_number_as_an_address", "address", "1", "an address"},
        ValueRow{"no_array", "uint8[]", "1", "an array"},
        ValueRow{"an_array_of_1_for_2", "uint8[2]", "[1]", "1 instead of 2"},
        ValueRow{"an_array_of_3_for_2", "uint8[2]", "[1,2,3]", "3 instead of 2"},
        ValueRow{"a_bad_element", "uint8[]", "[1,256]", "message.a[1]"},
        ValueRow{"a_bad_element_of_an_element", "uint8[][]", "[[],[1,256]]", "message.a[1][1]"},
        ValueRow{"no_structure", "S", "1", "message.a: an object"},
        ValueRow{"a_structure_without_its_field", "S", "{}", "message.a.b: missing"},
        ValueRow{"a_structure_with_another_field", "S", R"({"b":1,"c":2})",
                 R"(message.a: "c" is not declared)"},
        ValueRow{"a_bad_field_of_an_element", "S[]", R"([{"b":1},{"b":-1}])", "message.a[1].b"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(TypedDataBounds, takes_exactly_32_levels_of_recursion) {
  const auto nested = [](int levels) {
    // The list takes one JSON level for the document, one for each node and one for each array.
    std::string node = R"({"n":[]})";
    for (int i = 0; i < levels; ++i) node = R"({"n":[)" + node + "]}";
    return R"({"types":{"M":[{"name":"n","type":"M[]"}]},"primaryType":"M","domain":{},)"
           R"("message":)" +
           node + "}";
  };
  EXPECT_TRUE(TypedData::parse(nested(14)).has_value());
  expect_refused(nested(15), "deeper than 32");
}

TEST(TypedDataBounds, bounds_the_types_and_their_fields) {
  const auto with_types = [](std::size_t count) {
    std::string types = R"({"M":[])";
    for (std::size_t i = 1; i < count; ++i) types += fmt::format(R"(,"T{}":[])", i);
    return document_of_types(types + "}");
  };
  EXPECT_TRUE(TypedData::parse(with_types(64)).has_value());
  expect_refused(with_types(65), "at most 64");

  const auto with_fields = [](std::size_t count) {
    std::string fields;
    for (std::size_t i = 0; i < count; ++i) {
      fields += fmt::format(R"({}{{"name":"f{}","type":"bool"}})", i == 0 ? "" : ",", i);
    }
    return document_of_types(fmt::format(R"({{"M":[],"U":[{}]}})", fields));
  };
  EXPECT_TRUE(TypedData::parse(with_fields(64)).has_value());
  expect_refused(with_fields(65), "more than 64 fields");

  const auto with_name = [](std::size_t size) {
    return document_of_types(fmt::format(R"({{"M":[],"{}":[]}})", std::string(size, 'N')));
  };
  EXPECT_TRUE(TypedData::parse(with_name(64)).has_value());
  expect_refused(with_name(65), "cannot name a type");
}

TEST(TypedDataBounds, bounds_the_values) {
  const auto with_values = [](std::size_t count) {
    std::string array = "[1";
    for (std::size_t i = 1; i < count; ++i) array += ",1";
    return document_of_value("uint8[]", array + "]");
  };
  // The array itself is one value.
  EXPECT_TRUE(TypedData::parse(with_values(TypedData::kMaxValues - 1)).has_value());
  expect_refused(with_values(TypedData::kMaxValues), "more than 65536 values");
}

TEST(TypedDataBounds, bounds_the_text) {
  const auto with_string = [](std::size_t size) {
    const std::string rest = document_of_value("string", R"("")");
    return document_of_value("string", '"' + std::string(size - rest.size(), 'x') + '"');
  };
  EXPECT_TRUE(TypedData::parse(with_string(TypedData::kMaxBytes)).has_value());
  expect_refused(with_string(TypedData::kMaxBytes + 1), "at most 262144");
}

TEST(TypedDataErrors, say_that_an_integer_above_64_bits_is_to_be_a_string) {
  expect_refused(document_of_value("uint256", "18446744073709551616"), "write it as a string");
}

TEST(TypedDataErrors, never_break_a_line) {
  const Result<TypedData> data = TypedData::parse(
      R"({"types":{"M":[]},"primaryType":"M","domain":{},"message":{"a\nb\u001b":1}})");
  ASSERT_FALSE(data.has_value());
  EXPECT_EQ(data.error().message.find('\n'), std::string::npos);
  EXPECT_EQ(data.error().message.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace holdfast
