#include "base/bytes.h"

#include <type_traits>
#include <unordered_set>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using One = FixedBytes<struct OneTag, 4>;
using Other = FixedBytes<struct OtherTag, 4>;
using Short = FixedBytes<struct ShortTag, 2>;

static_assert(!std::is_convertible_v<One, Other>);
static_assert(!std::is_constructible_v<One, Other>);

TEST(FixedBytes, begin_as_zeros_and_compare_from_the_first_byte) {
  EXPECT_EQ(One{}.bytes, (std::array<std::uint8_t, 4>{}));
  EXPECT_EQ((One{{1, 2, 3, 4}}), (One{{1, 2, 3, 4}}));
  EXPECT_LT((One{{1, 2, 3, 4}}), (One{{1, 2, 4, 0}}));
  EXPECT_LT((One{{0, 255, 255, 255}}), (One{{1, 0, 0, 0}}));
}

TEST(FixedBytes, hash_alike_when_equal_and_differ_by_their_last_bytes) {
  EXPECT_EQ(std::hash<One>{}({{1, 2, 3, 4}}), std::hash<One>{}({{1, 2, 3, 4}}));
  EXPECT_NE(std::hash<One>{}({{1, 2, 3, 4}}), std::hash<One>{}({{1, 2, 3, 5}}));
  EXPECT_NE(std::hash<Short>{}({{1, 2}}), std::hash<Short>{}({{2, 2}}));
  const std::unordered_set<One> set = {One{{1, 2, 3, 4}}, One{{1, 2, 3, 4}}, One{}};
  EXPECT_EQ(set.size(), 2U);
}

TEST(Bytes, views_a_text_as_it_is) {
  const std::string text("a\0\xff", 3);
  const ByteView view = as_bytes(text);
  EXPECT_EQ(Bytes(view.begin(), view.end()), (Bytes{'a', 0, 0xff}));
  EXPECT_EQ(static_cast<const void*>(view.data()), static_cast<const void*>(text.data()));
}

}  // namespace
}  // namespace holdfast
