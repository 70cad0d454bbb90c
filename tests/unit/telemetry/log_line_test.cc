#include "telemetry/log_line.h"

#include <algorithm>
#include <ostream>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

// 2026-01-02T03:04:05.678Z
constexpr WallTime kTime{1767323045678};

std::string line_of(LogFormat format, LogLevel level, std::string_view module,
                    std::string_view message, std::vector<LogField> fields = {}) {
  std::string out;
  append_line(out, format, {kTime, level, module, message, fields});
  return out;
}

TEST(LogLine, writes_the_line_that_the_guide_tells_operators_to_look_for) {
  EXPECT_EQ(line_of(LogFormat::text, LogLevel::info, "ha-key-store", "HAKeyStore initialized",
                    {{"nodeId", "validator-node-1"}}),
            "2026-01-02T03:04:05.678Z INFO ha-key-store: HAKeyStore initialized { nodeId: "
            "'validator-node-1' }\n");
}

TEST(LogLine, writes_json_with_time_level_module_message_and_fields) {
  EXPECT_EQ(line_of(LogFormat::json, LogLevel::warn, "m", "text",
                    {{"nodeId", "a"},
                     {"count", std::int64_t{-1}},
                     {"many", std::uint64_t{7}},
                     {"ratio", 0.5},
                     {"ok", true}}),
            "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"warn\",\"module\":\"m\","
            "\"message\":\"text\",\"nodeId\":\"a\",\"count\":-1,\"many\":7,\"ratio\":0.5,"
            "\"ok\":true}\n");
}

TEST(LogLine, separates_fields_in_text) {
  EXPECT_EQ(line_of(LogFormat::text, LogLevel::error, "m", "t",
                    {{"a", std::int64_t{1}}, {"b", false}, {"c", 1.5}}),
            "2026-01-02T03:04:05.678Z ERROR m: t { a: 1, b: false, c: 1.5 }\n");
}

struct Escape {
  const char* name;
  std::string_view value;
  std::string_view text;
  std::string_view json;
};
std::ostream& operator<<(std::ostream& out, const Escape& row) {
  return out << row.name;
}

class LogLineEscapes : public testing::TestWithParam<Escape> {};

TEST_P(LogLineEscapes, in_both_formats) {
  const Escape& row = GetParam();
  EXPECT_EQ(line_of(LogFormat::text, LogLevel::info, "m", "t", {{"f", row.value}}),
            "2026-01-02T03:04:05.678Z INFO m: t { f: '" + std::string(row.text) + "' }\n");
  const std::string json = line_of(LogFormat::json, LogLevel::info, "m", "t", {{"f", row.value}});
  EXPECT_NE(json.find("\"f\":\"" + std::string(row.json) + "\"}"), std::string::npos) << json;
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 1);
}

INSTANTIATE_TEST_SUITE_P(
    All, LogLineEscapes,
    testing::Values(Escape{"plain", "abc", "abc", "abc"}, Escape{"empty", "", "", ""},
                    Escape{"newline", "a\nb", "a\\nb", "a\\nb"},
                    Escape{"carriage_return", "a\rb", "a\\u000db", "a\\u000db"},
                    Escape{"zero", std::string_view("a\0b", 3), "a\\u0000b", "a\\u0000b"},
                    Escape{"terminal_escape", "\x1b[2J", "\\u001b[2J", "\\u001b[2J"},
                    Escape{"delete", "\x7f", "\\u007f", "\\u007f"},
                    Escape{"c1_control", "\xc2\x9b", "\\u009b", "\\u009b"},
                    Escape{"first_after_c1", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0"},
                    Escape{"single_quote", "it's", "it\\'s", "it's"},
                    Escape{"double_quote", "say \"x\"", "say \"x\"", "say \\\"x\\\""},
                    Escape{"backslash", "a\\b", "a\\\\b", "a\\\\b"},
                    Escape{"two_three_four_bytes", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                           "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                           "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
                    Escape{"lone_continuation", "\x80", "\\x80", "\\ufffd"},
                    Escape{"cut_short", "\xe2\x82", "\\xe2\\x82", "\\ufffd\\ufffd"},
                    Escape{"overlong", "\xc0\xaf", "\\xc0\\xaf", "\\ufffd\\ufffd"},
                    Escape{"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\ufffd\\ufffd\\ufffd"},
                    Escape{"above_unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
                           "\\ufffd\\ufffd\\ufffd\\ufffd"}),
    [](const auto& row) { return row.param.name; });

TEST(LogLine, escapes_control_characters_in_the_message_and_the_module) {
  EXPECT_EQ(line_of(LogFormat::text, LogLevel::info, "m\n", "a\nERROR forged: line"),
            "2026-01-02T03:04:05.678Z INFO m\\n: a\\nERROR forged: line\n");
}

TEST(LogLine, writes_null_for_a_number_that_json_cannot_hold) {
  const std::string json = line_of(LogFormat::json, LogLevel::info, "m", "t", {{"f", 1.0 / 0.0}});
  EXPECT_NE(json.find("\"f\":null"), std::string::npos) << json;
}

TEST(LogLine, writes_the_first_moment_and_a_leap_day) {
  EXPECT_EQ(to_iso8601(WallTime(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso8601(WallTime(951782400001)), "2000-02-29T00:00:00.001Z");
}

TEST(LogLevel, reads_its_own_names_in_any_case_and_nothing_else) {
  for (const LogLevel level :
       {LogLevel::debug, LogLevel::verbose, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    EXPECT_EQ(log_level_from_name(name_of(level)), level);
  }
  EXPECT_EQ(log_level_from_name("WARN"), LogLevel::warn);
  EXPECT_EQ(log_level_from_name("warning"), std::nullopt);
  EXPECT_EQ(log_level_from_name(""), std::nullopt);
  EXPECT_EQ(log_format_from_name("JSON"), LogFormat::json);
  EXPECT_EQ(log_format_from_name("text"), LogFormat::text);
  EXPECT_EQ(log_format_from_name("xml"), std::nullopt);
}

}  // namespace
}  // namespace holdfast
