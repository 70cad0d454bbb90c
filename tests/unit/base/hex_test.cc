#include "base/hex.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using Two = FixedBytes<struct TwoTag, 2>;

TEST(Hex, writes_lower_case_with_a_prefix) {
  EXPECT_EQ(to_hex({}), "0x");
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xa5, 0xff}), "0x000fa5ff");
}

TEST(Hex, reads_either_case) {
  EXPECT_EQ(bytes_from_hex("0x"), Bytes());
  EXPECT_EQ(bytes_from_hex("0x000FaAfF"), (Bytes{0x00, 0x0f, 0xaa, 0xff}));
}

TEST(Hex, reads_back_every_byte) {
  Bytes all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(bytes_from_hex(to_hex(all)), all);
}

TEST(Hex, refuses_every_other_form) {
  for (const std::string_view text :
       {"", "0", "x", "00", "0X00", "0x0", "0x000", "0x0g", "0xg0", "0x 0", "0x0\n", " 0x00",
        "0x00 ", "0x-1", "0x/0", "0x:0", "0x@0", "0x`0"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(bytes_from_hex(text), std::nullopt);
  }
  EXPECT_EQ(bytes_from_hex(std::string_view("0x\0\0", 4)), std::nullopt);
}

TEST(Hex, reads_fixed_bytes_of_exactly_their_length) {
  EXPECT_EQ(fixed_from_hex<Two>("0xab"), std::nullopt);
  EXPECT_EQ(fixed_from_hex<Two>("0xabcd"), (Two{{0xab, 0xcd}}));
  EXPECT_EQ(fixed_from_hex<Two>("0xabcdef"), std::nullopt);
  EXPECT_EQ(fixed_from_hex<Two>("0xabcg"), std::nullopt);
}

}  // namespace
}  // namespace holdfast
