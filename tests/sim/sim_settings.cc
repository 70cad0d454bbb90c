#include "sim/sim_settings.h"

namespace holdfast::sim {

std::string_view name_of(Mutation mutation) noexcept {
  switch (mutation) {
    case Mutation::none:
      return "none";
    case Mutation::release_before_record:
      return "release_before_record";
    case Mutation::believe_a_record_in_doubt:
      return "believe_a_record_in_doubt";
    case Mutation::ignore_a_lost_lock:
      return "ignore_a_lost_lock";
    case Mutation::forget_deleted_rows:
      return "forget_deleted_rows";
    case Mutation::prune_without_watermark:
      return "prune_without_watermark";
    case Mutation::trust_foreign_tokens:
      return "trust_foreign_tokens";
    case Mutation::skip_the_pin:
      return "skip_the_pin";
    case Mutation::confuse_hashes:
      return "confuse_hashes";
  }
  return "unknown";
}

Weather Weather::drawn(Dice& dice) {
  // Most worlds have only some of the faults, and these often: faults that are always all present
  // at once hide each other.
  const auto chance = [&](std::uint64_t most) {
    return dice.percent(50) ? dice.below(most + 1) : std::uint64_t{0};
  };
  Weather weather;
  weather.slow = chance(30);
  weather.lost_request = chance(20);
  weather.lost_reply = chance(20);
  weather.late_commit = chance(15);
  weather.signer_hangs = chance(25);
  weather.signer_fails = chance(20);
  return weather;
}

}  // namespace holdfast::sim
