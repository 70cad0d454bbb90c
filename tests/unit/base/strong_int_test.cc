#include "base/strong_int.h"

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <unordered_set>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using Apples = StrongInt<struct ApplesTag, std::int64_t>;
using Pears = StrongInt<struct PearsTag, std::int64_t>;

template <class A, class B>
concept Comparable = requires(A a, B b) {
  a == b;
};

static_assert(!std::is_convertible_v<std::int64_t, Apples>);
static_assert(!std::is_constructible_v<Apples, Pears>);
static_assert(Comparable<Apples, Apples>);
static_assert(!Comparable<Apples, Pears>);
static_assert(!Comparable<Apples, std::int64_t>);

TEST(StrongInt, is_zero_until_told_otherwise_and_compares_as_its_number) {
  EXPECT_EQ(Apples().number(), 0);
  EXPECT_LT(Apples(-1), Apples(0));
  EXPECT_GT(Apples(std::numeric_limits<std::int64_t>::max()), Apples(1));
  EXPECT_EQ(Apples(5), Apples(5));
}

TEST(StrongInt, can_be_a_key) {
  const std::unordered_set<Apples> set = {Apples(1), Apples(1), Apples(2)};
  EXPECT_EQ(set.size(), 2U);
}

}  // namespace
}  // namespace holdfast
