// One simulated world's settings, all drawn from its seed, and the ways to break its protection.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string_view>

namespace holdfast::sim {

/** A way in which the protection could be broken. The simulation must catch each but `none`. */
enum class Mutation : std::uint8_t {
  none = 0,
  /** S1: the signature is released first and recorded later. */
  release_before_record,
  /** S5: a record whose answer was lost is taken for recorded. */
  believe_a_record_in_doubt,
  /** S1: a signature is released although its lock is gone. */
  ignore_a_lost_lock,
  /** S3: rows that other programs delete are forgotten. */
  forget_deleted_rows,
  /** S3: pruning deletes and raises no watermark. */
  prune_without_watermark,
  /** The lock of an implementation that does not obey S1 is taken over. */
  trust_foreign_tokens,
  /** A remote signer that may have signed leaves no pin. */
  skip_the_pin,
  /** S2: another message's stored signature is taken for ours. */
  confuse_hashes,
};

inline constexpr std::array kMutations = {
    Mutation::release_before_record,
    Mutation::believe_a_record_in_doubt,
    Mutation::ignore_a_lost_lock,
    Mutation::forget_deleted_rows,
    Mutation::prune_without_watermark,
    Mutation::trust_foreign_tokens,
    Mutation::skip_the_pin,
    Mutation::confuse_hashes,
};

std::string_view name_of(Mutation mutation) noexcept;

/** The world's dice. The same seed gives the same world on every machine: only the engine's raw
    numbers are used, never the library's distributions. */
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  /** 0 to below - 1. */
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  bool percent(std::uint64_t chance) { return below(100) < chance; }
  std::uint64_t bits() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

/** Chances in percent; each world has its own weather. */
struct Weather {
  std::uint64_t slow = 0;
  std::uint64_t lost_request = 0;
  std::uint64_t lost_reply = 0;
  /** The answer is lost first and the work is done later. */
  std::uint64_t late_commit = 0;
  std::uint64_t signer_hangs = 0;
  std::uint64_t signer_fails = 0;

  static Weather calm() { return {}; }
  static Weather drawn(Dice& dice);
};

struct SimSettings {
  std::uint64_t seed = 0;
  Mutation mutation = Mutation::none;
  /** Tell what happens on stdout. */
  bool verbose = false;
};

}  // namespace holdfast::sim
