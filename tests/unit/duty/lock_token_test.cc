#include "duty/lock_token.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

static_assert(!std::is_constructible_v<LockToken, std::string>,
              "a token is made of random bytes, never of a text that was read somewhere");

LockToken example_token() {
  std::array<std::uint8_t, 16> random{};
  for (std::size_t i = 0; i < random.size(); ++i) random[i] = static_cast<std::uint8_t>(i * 16);
  return LockToken::from_random(random);
}

TEST(LockToken, is_our_prefix_and_the_random_bytes) {
  EXPECT_EQ(example_token().text(), "hf1-00102030405060708090a0b0c0d0e0f0");
  EXPECT_EQ(holder_of_token(example_token().text()), LockHolder::holdfast);
}

TEST(LockToken, keeps_its_random_part_when_it_is_pinned) {
  const LockToken pinned = example_token().pinned();
  EXPECT_EQ(pinned.text(), "hf1-pin-00102030405060708090a0b0c0d0e0f0");
  EXPECT_EQ(holder_of_token(pinned.text()), LockHolder::holdfast_pinned);
  EXPECT_EQ(pinned.pinned(), pinned);
  EXPECT_LE(pinned.text().size(), 64U);
}

TEST(LockToken, of_random_bytes_is_never_taken_for_a_pinned_one) {
  std::array<std::uint8_t, 16> random{};
  for (int byte = 0; byte < 256; ++byte) {
    random.fill(static_cast<std::uint8_t>(byte));
    EXPECT_EQ(holder_of_token(LockToken::from_random(random).text()), LockHolder::holdfast);
  }
}

TEST(LockToken, of_another_implementation_is_never_taken_for_ours) {
  // Aztec's tokens are 32 hex digits; the last rows only resemble ours.
  for (const std::string_view text :
       {"", "00102030405060708090a0b0c0d0e0f0", "hf1", "HF1-00", "hf2-00", " hf1-00", "pin-00"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(holder_of_token(text), LockHolder::other_implementation);
  }
}

}  // namespace
}  // namespace holdfast
