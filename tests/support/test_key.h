// A key backend that a test holds in its hand: it signs with a fixed plain key, or fails as told.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "base/task.h"
#include "crypto/secp256k1.h"
#include "keys/key_ring.h"
#include "os/clock.h"
#include "os/random.h"

namespace holdfast::test {

/** The private key 1: its address is 0x7e5f4552091a69125d5dfcb7b8c2659029395bdf. */
inline std::array<std::uint8_t, 32> plain_key_one() {
  std::array<std::uint8_t, 32> key{};
  key[31] = 1;
  return key;
}

inline Address address_one() {
  return *address_of_key(plain_key_one());
}

class TestKey final : public KeyBackend {
 public:
  /** `clock` lets the signing take the time of `delay`. */
  explicit TestKey(Clock& clock) : clock_(clock) {}

  Task<std::variant<SignFailure, Signature>> sign(Address, SignableMessage message) override {
    ++calls;
    if (delay.count() > 0) co_await clock_.sleep(delay);
    if (before_answer) before_answer();
    if (failure) co_return *failure;
    co_return sign_digest(plain_key_one(), message.digest());
  }

  Task<std::variant<SignFailure, Bytes>> sign_transaction(Address,
                                                          Transaction transaction) override {
    ++calls;
    co_return serialize_signed(transaction,
                               sign_digest(plain_key_one(), signing_hash(transaction)));
  }

  std::optional<SignFailure> failure;
  std::chrono::nanoseconds delay{0};
  std::function<void()> before_answer;
  int calls = 0;

 private:
  Clock& clock_;
};

/** Random bytes that are different each time and the same in every run. */
class CountingRandom final : public RandomSource {
 public:
  void fill(std::span<std::uint8_t> bytes) override {
    ++count_;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      bytes[at] = static_cast<std::uint8_t>(at < 8 ? count_ >> (8 * at) : at);
    }
  }

 private:
  std::uint64_t count_ = 0;
};

}  // namespace holdfast::test
