#include "cli/table_output.h"

#include "gtest/gtest.h"

namespace holdfast::cli {
namespace {

Table example() {
  return {{"name", "count", "note"},
          {{std::string("a,b"), std::int64_t{7}, std::monostate{}},
           {std::string("say \"hi\""), std::int64_t{-12}, std::string("=1+1")}}};
}

TEST(Table, is_aligned_without_white_space_at_the_ends_of_lines) {
  EXPECT_EQ(render(example(), OutputFormat::table),
            "name      count  note\n"
            "a,b           7\n"
            "say \"hi\"    -12  =1+1\n");
}

TEST(Table, keeps_numbers_and_absence_in_json) {
  EXPECT_EQ(render(example(), OutputFormat::json),
            "[{\"name\":\"a,b\",\"count\":7,\"note\":null},"
            "{\"name\":\"say \\\"hi\\\"\",\"count\":-12,\"note\":\"=1+1\"}]\n");
}

TEST(Table, quotes_csv_and_defuses_formulas) {
  EXPECT_EQ(render(example(), OutputFormat::csv),
            "name,count,note\r\n"
            "\"a,b\",7,\r\n"
            "\"say \"\"hi\"\"\",-12,'=1+1\r\n");
}

TEST(Table, without_rows_is_its_header_or_an_empty_list) {
  const Table empty{{"a", "b"}, {}};
  EXPECT_EQ(render(empty, OutputFormat::table), "a  b\n");
  EXPECT_EQ(render(empty, OutputFormat::json), "[]\n");
  EXPECT_EQ(render(empty, OutputFormat::csv), "a,b\r\n");
}

TEST(Table, lets_no_control_character_reach_a_terminal) {
  const Table table{{"a"}, {{std::string("x\x1b[2Jy\nz")}}};
  EXPECT_EQ(render(table, OutputFormat::table), "a\nx?[2Jy?z\n");
}

TEST(OutputOption, is_table_when_absent_and_refuses_other_words) {
  const std::string json = "json";
  const std::string csv = "csv";
  const std::string xml = "xml";
  EXPECT_EQ(*output_format_of(nullptr), OutputFormat::table);
  EXPECT_EQ(*output_format_of(&json), OutputFormat::json);
  EXPECT_EQ(*output_format_of(&csv), OutputFormat::csv);
  EXPECT_FALSE(output_format_of(&xml).has_value());
}

}  // namespace
}  // namespace holdfast::cli
