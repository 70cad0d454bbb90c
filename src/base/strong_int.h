// StrongInt<Tag, Number>: a number that cannot be mistaken for another. Comparing a Slot with a
// BlockNumber, or passing one for the other, does not compile.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>

namespace holdfast {

template <class Tag, std::integral Number>
class StrongInt {
 public:
  using number_type = Number;

  constexpr StrongInt() = default;
  constexpr explicit StrongInt(Number number) noexcept : number_(number) {}

  /** The bare number, for the borders: SQL, JSON, logs. */
  constexpr Number number() const noexcept { return number_; }

  friend constexpr auto operator<=>(StrongInt, StrongInt) = default;

 private:
  Number number_ = 0;
};

}  // namespace holdfast

template <class Tag, class Number>
struct std::hash<holdfast::StrongInt<Tag, Number>> {
  std::size_t operator()(holdfast::StrongInt<Tag, Number> value) const noexcept {
    return std::hash<Number>{}(value.number());
  }
};
