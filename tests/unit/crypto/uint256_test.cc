#include "crypto/uint256.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace holdfast {
namespace {

// 2^256 - 1 and 2^256.
constexpr std::string_view kLargest =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";
constexpr std::string_view kTooLarge =
    "115792089237316195423570985008687907853269984665640564039457584007913129639936";

TEST(Uint256, reads_decimal_up_to_its_bound) {
  EXPECT_EQ(uint256_from_decimal("0"), uint256_from(0));
  EXPECT_EQ(uint256_from_decimal("000255"), uint256_from(255));
  EXPECT_EQ(uint256_from_decimal("18446744073709551615"), uint256_from(~std::uint64_t{0}));
  const std::optional<Uint256> largest = uint256_from_decimal(kLargest);
  ASSERT_TRUE(largest.has_value());
  EXPECT_EQ(to_hex(largest->view()), "0x" + std::string(64, 'f'));
  EXPECT_EQ(uint256_from_decimal(kTooLarge), std::nullopt);
}

TEST(Uint256, reads_hex_up_to_its_bound) {
  EXPECT_EQ(uint256_from_hex("0x0"), uint256_from(0));
  EXPECT_EQ(uint256_from_hex("0xAbC"), uint256_from(0xabc));
  EXPECT_EQ(uint256_from_hex("0x00000000ff"), uint256_from(255));
  EXPECT_EQ(uint256_from_hex("0x" + std::string(64, 'f')), uint256_from_decimal(kLargest));
  EXPECT_EQ(uint256_from_hex("0x1" + std::string(64, '0')), std::nullopt);
}

TEST(Uint256, refuses_what_is_no_number) {
  for (const std::string_view text : {"", " 1", "1 ", "-1", "+1", "1.0", "1e3", "0x1", "a"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(uint256_from_decimal(text), std::nullopt);
  }
  for (const std::string_view text : {"", "0x", "1", "0X1", "0xg", "0x 1", "-0x1"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(uint256_from_hex(text), std::nullopt);
  }
}

TEST(Uint256, knows_what_fits_64_bits) {
  EXPECT_EQ(to_uint64(uint256_from(0)), 0U);
  EXPECT_EQ(to_uint64(uint256_from(~std::uint64_t{0})), ~std::uint64_t{0});
  EXPECT_EQ(to_uint64(*uint256_from_decimal("18446744073709551616")), std::nullopt);
}

TEST(Uint256, writes_quantities_without_leading_zeros) {
  for (const std::string_view text : {"0x0", "0x1", "0xf", "0x10", "0x5208", "0x6fc23ac00"}) {
    EXPECT_EQ(to_quantity(*uint256_from_hex(text)), text);
  }
}

TEST(Uint256, counts_bits_and_negates) {
  EXPECT_EQ(bit_length(uint256_from(0)), 0U);
  EXPECT_EQ(bit_length(uint256_from(1)), 1U);
  EXPECT_EQ(bit_length(uint256_from(255)), 8U);
  EXPECT_EQ(bit_length(uint256_from(256)), 9U);
  EXPECT_EQ(bit_length(*uint256_from_decimal(kLargest)), 256U);
  EXPECT_EQ(negated(uint256_from(0)), uint256_from(0));
  EXPECT_EQ(negated(uint256_from(1)), *uint256_from_decimal(kLargest));
  EXPECT_EQ(negated(negated(uint256_from(256))), uint256_from(256));
}

TEST(Uint256, compares_as_numbers) {
  EXPECT_LT(uint256_from(255), uint256_from(256));
  EXPECT_GT(*uint256_from_decimal(kLargest), uint256_from(~std::uint64_t{0}));
}

}  // namespace
}  // namespace holdfast
