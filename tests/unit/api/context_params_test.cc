#include "api/context_params.h"

#include <ostream>

#include <gtest/gtest.h>

#include "base/strict_json.h"

namespace holdfast {
namespace {

Result<SigningContext> read(std::string_view json) {
  Result<boost::json::value> value = parse_strict_json(json);
  if (!value) return std::move(value).error();
  return context_from_json(*value);
}

TEST(ContextParams, reads_every_field) {
  const auto context =
      read(R"({"dutyType":"BLOCK_PROPOSAL","slot":"100","blockNumber":50,"checkpointNumber":"7",)"
           R"("blockIndexWithinCheckpoint":0})");
  ASSERT_TRUE(context) << context.error().message;
  EXPECT_EQ(context->duty_type, DutyType::block_proposal);
  EXPECT_EQ(context->slot, 100);
  EXPECT_EQ(context->block_number, 50);
  EXPECT_EQ(context->checkpoint_number, 7);
  EXPECT_EQ(context->block_index_within_checkpoint, 0);
}

TEST(ContextParams, leaves_absent_fields_absent) {
  const auto context = read(R"({"dutyType":"ATTESTATION"})");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->slot, std::nullopt);
  EXPECT_EQ(context->block_number, std::nullopt);
  EXPECT_EQ(context->checkpoint_number, std::nullopt);
  EXPECT_EQ(context->block_index_within_checkpoint, std::nullopt);
}

struct NumberRow {
  const char* name;
  const char* json;
  std::optional<std::int64_t> slot;
};
std::ostream& operator<<(std::ostream& out, const NumberRow& row) {
  return out << row.name;
}

class ContextNumbers : public testing::TestWithParam<NumberRow> {};

TEST_P(ContextNumbers, are_exact_or_refused) {
  const auto context =
      read(std::string(R"({"dutyType":"ATTESTATION","slot":)") + GetParam().json + "}");
  if (GetParam().slot) {
    ASSERT_TRUE(context) << context.error().message;
    EXPECT_EQ(context->slot, GetParam().slot);
  } else {
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().kind, ErrorKind::invalid_input);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ContextNumbers,
    testing::Values(NumberRow{"zero", "0", 0}, NumberRow{"zero_text", "\"0\"", 0},
                    NumberRow{"at_2_53", "9007199254740992", 9007199254740992},
                    NumberRow{"above_2_53", "9007199254740993", 9007199254740993},
                    NumberRow{"above_2_53_text", "\"9007199254740993\"", 9007199254740993},
                    NumberRow{"int64_max", "9223372036854775807", 9223372036854775807},
                    NumberRow{"int64_max_text", "\"9223372036854775807\"", 9223372036854775807},
                    NumberRow{"at_2_63", "9223372036854775808", {}},
                    NumberRow{"at_2_63_text", "\"9223372036854775808\"", {}},
                    NumberRow{"at_2_64", "18446744073709551616", {}},
                    NumberRow{"negative_for_the_rules_to_refuse", "-1", -1},
                    NumberRow{"negative_text_for_the_rules_to_refuse", "\"-1\"", -1},
                    NumberRow{"fraction", "1.5", {}}, NumberRow{"whole_fraction", "100.0", {}},
                    NumberRow{"exponent", "1e2", {}}, NumberRow{"exponent_text", "\"1e2\"", {}},
                    NumberRow{"hex_text", "\"0x64\"", {}},
                    NumberRow{"leading_zero_text", "\"0100\"", {}},
                    NumberRow{"plus_text", "\"+1\"", {}}, NumberRow{"blank_text", "\" 1\"", {}},
                    NumberRow{"empty_text", "\"\"", {}}, NumberRow{"minus_text", "\"-\"", {}},
                    NumberRow{"null", "null", {}}, NumberRow{"bool", "true", {}},
                    NumberRow{"array", "[1]", {}}),
    [](const auto& row) { return row.param.name; });

TEST(ContextParams, refuses_unknown_keys_by_name) {
  const auto context = read(R"({"dutyType":"ATTESTATION","slot":1,"slott":2})");
  ASSERT_FALSE(context);
  EXPECT_NE(context.error().message.find("\"slott\""), std::string::npos);
}

TEST(ContextParams, refuses_duty_types_that_do_not_exist) {
  for (const char* type : {"\"BLOCK\"", "\"UNKNOWN\"", "\"block_proposal\"", "\"\"", "1", "null"}) {
    EXPECT_FALSE(read(std::string(R"({"slot":1,"dutyType":)") + type + "}")) << type;
  }
  EXPECT_FALSE(read(R"({"slot":1})"));
}

TEST(ContextParams, refuses_numbers_for_types_that_carry_none) {
  EXPECT_TRUE(read(R"({"dutyType":"AUTH_REQUEST"})"));
  EXPECT_TRUE(read(R"({"dutyType":"TXS"})"));
  EXPECT_FALSE(read(R"({"dutyType":"AUTH_REQUEST","slot":1})"));
  EXPECT_FALSE(read(R"({"dutyType":"TXS","blockNumber":1})"));
}

TEST(ContextParams, refuses_what_is_no_object) {
  for (const char* json : {"[]", "1", "\"ATTESTATION\"", "null", "true"}) {
    EXPECT_FALSE(read(json)) << json;
  }
}

}  // namespace
}  // namespace holdfast
