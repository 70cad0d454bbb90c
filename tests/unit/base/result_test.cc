#include "base/result.h"

#include <memory>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Result, holds_a_value_or_an_error) {
  const Result<int> value = 7;
  ASSERT_TRUE(value.has_value());
  EXPECT_TRUE(static_cast<bool>(value));
  EXPECT_EQ(*value, 7);
  const Result<int> error = Error{ErrorKind::timeout, "too late"};
  ASSERT_FALSE(error.has_value());
  EXPECT_EQ(error.error().kind, ErrorKind::timeout);
  EXPECT_EQ(error.error().message, "too late");
}

TEST(Result, moves_what_cannot_be_copied) {
  Result<std::unique_ptr<int>> value = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = *std::move(value);
  EXPECT_EQ(*taken, 3);
}

TEST(Result, tells_success_without_a_value_from_an_error) {
  const Result<void> success;
  EXPECT_TRUE(success.has_value());
  const Result<void> error = Error{ErrorKind::unavailable, "down"};
  EXPECT_FALSE(error.has_value());
  EXPECT_EQ(error.error().message, "down");
}

TEST(Result, stops_the_process_when_the_wrong_side_is_read) {
  const Result<int> value = 7;
  const Result<int> error = Error{};
  EXPECT_DEATH((void)value.error(), "has_value");
  EXPECT_DEATH((void)error.value(), "has_value");
  EXPECT_DEATH((void)Result<void>().error(), "has_value");
}

TEST(Error, is_unknown_until_told_otherwise) {
  EXPECT_EQ(Error{}.kind, ErrorKind::unknown);
  EXPECT_EQ(static_cast<int>(ErrorKind::unknown), 0);
}

TEST(Error, takes_its_context_in_front) {
  const Error error = Error{ErrorKind::corrupt, "bad row"}.within("duties.db");
  EXPECT_EQ(error.message, "duties.db: bad row");
  EXPECT_EQ(error.kind, ErrorKind::corrupt);
}

TEST(Error, kinds_have_different_names) {
  EXPECT_EQ(name_of(ErrorKind::unknown), "unknown");
  EXPECT_EQ(name_of(ErrorKind::in_doubt), "in_doubt");
  EXPECT_EQ(name_of(ErrorKind::permission_denied), "permission_denied");
  EXPECT_NE(name_of(ErrorKind::timeout), name_of(ErrorKind::unavailable));
}

}  // namespace
}  // namespace holdfast
