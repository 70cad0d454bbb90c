// Random bytes from the operating system, as something that the simulation can replace by a seed.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace holdfast {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  /** Fills the bytes; aborts the process when the operating system cannot give any. */
  virtual void fill(std::span<std::uint8_t> bytes) = 0;

  std::array<std::uint8_t, 16> bytes16() {
    std::array<std::uint8_t, 16> bytes{};
    fill(bytes);
    return bytes;
  }
};

/** getrandom(2). */
class SystemRandom final : public RandomSource {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace holdfast
