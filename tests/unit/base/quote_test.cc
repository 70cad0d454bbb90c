#include "base/quote.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Quote, escapes_what_could_break_a_line_or_a_terminal) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("slot"), R"("slot")");
  EXPECT_EQ(quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(quoted("a\nb\rc\td"), R"("a\nb\rc\td")");
  EXPECT_EQ(quoted(std::string_view("\x00\x1b[31m\x7f", 7)), R"("\u0000\u001b[31m\u007f")");
}

TEST(Quote, keeps_utf8_and_replaces_what_is_not) {
  EXPECT_EQ(quoted("\xc3\xa9\xf0\x9f\xa6\x8a"), "\"\xc3\xa9\xf0\x9f\xa6\x8a\"");
  EXPECT_EQ(quoted("\xff\xc3"), "\"??\"");
  EXPECT_EQ(quoted("\xe2\x28\xa1"), "\"?(?\"");
}

TEST(Quote, leaves_out_what_exceeds_the_length_and_cuts_no_character) {
  EXPECT_EQ(quoted("abcd", 5), R"("abcd")");
  EXPECT_EQ(quoted("abcde", 5), R"("abcde")");
  EXPECT_EQ(quoted("abcdef", 5), R"("abcde"...)");
  EXPECT_EQ(quoted("abcd\xc3\xa9", 5), R"("abcd"...)");
  EXPECT_EQ(quoted("abc\xc3\xa9", 5), "\"abc\xc3\xa9\"");
}

}  // namespace
}  // namespace holdfast
