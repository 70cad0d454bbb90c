#include "crypto/address.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Address, writes_the_check_sums_of_eip55s_examples) {
  for (const std::string_view text :
       {"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"}) {
    SCOPED_TRACE(text);
    const Result<Address> address = address_from_text(text);
    ASSERT_TRUE(address.has_value());
    EXPECT_EQ(to_eip55(*address), text);
  }
}

TEST(Address, reads_lower_upper_and_right_mixed_case_as_the_same) {
  const Result<Address> mixed = address_from_text("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
  const Result<Address> lower = address_from_text("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
  const Result<Address> upper = address_from_text("0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED");
  ASSERT_TRUE(mixed && lower && upper);
  EXPECT_EQ(*mixed, *lower);
  EXPECT_EQ(*mixed, *upper);
  EXPECT_EQ(to_text(*mixed), "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
}

TEST(Address, refuses_what_is_no_address_and_says_why) {
  struct Row {
    const char* name;
    std::string_view text;
    std::string_view why;
  };
  for (const Row& row :
       {Row{"empty", "", "0x"}, Row{"no prefix", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "0x"},
        Row{"upper prefix", "0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "0x"},
        Row{"39 digits", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", "41 characters"},
        Row{"41 digits", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaedd", "43 characters"},
        Row{"no digit", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg", "hex digit"},
        Row{"one letter of the other case", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
            "check sum"}}) {
    SCOPED_TRACE(row.name);
    const Result<Address> address = address_from_text(row.text);
    ASSERT_FALSE(address.has_value());
    EXPECT_EQ(address.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(address.error().message.find(row.why), std::string::npos) << address.error().message;
  }
}

}  // namespace
}  // namespace holdfast
