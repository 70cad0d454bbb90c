#include "sim/sim_settings.h"

#include <iterator>

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
    case Mutation::skip_the_journal:
      return "skip_the_journal";
    case Mutation::journal_before_fsync:
      return "journal_before_fsync";
    case Mutation::forget_in_compaction:
      return "forget_in_compaction";
    case Mutation::drop_what_is_in_doubt:
      return "drop_what_is_in_doubt";
    case Mutation::skip_the_cluster_pin:
      return "skip_the_cluster_pin";
    case Mutation::no_quarantine:
      return "no_quarantine";
    case Mutation::quarantine_without_learning:
      return "quarantine_without_learning";
    case Mutation::no_second_look:
      return "no_second_look";
    case Mutation::believe_the_journal_in_quarantine:
      return "believe_the_journal_in_quarantine";
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
  weather.slow_disk = chance(40);
  weather.compaction = chance(40);
  return weather;
}

std::string_view name_of(History history) noexcept {
  switch (history) {
    case History::kept:
      return "kept";
    case History::forgetful:
      return "forgetful";
    case History::forgetful_with_followers:
      return "forgetful_with_followers";
    case History::lost_disk:
      return "lost_disk";
    case History::synchronous_failover:
      return "synchronous_failover";
    case History::lossy_failover:
      return "lossy_failover";
    case History::restored_backup:
      return "restored_backup";
    case History::emptied:
      return "emptied";
    case History::another_database:
      return "another_database";
    case History::copy_elsewhere:
      return "copy_elsewhere";
    case History::old_primary:
      return "old_primary";
  }
  return "unknown";
}

History draw_history(Dice& dice) {
  constexpr History kLosing[] = {
      History::forgetful,      History::forgetful_with_followers,
      History::lost_disk,      History::synchronous_failover,
      History::lossy_failover, History::restored_backup,
      History::emptied,        History::another_database,
      History::copy_elsewhere, History::old_primary,
  };
  // The failover with loss is the likeliest in life, and has the most ways to go wrong.
  if (dice.percent(45)) return History::kept;
  if (dice.percent(25)) return History::lossy_failover;
  if (dice.percent(15)) return History::forgetful;
  if (dice.percent(15)) return History::forgetful_with_followers;
  return kLosing[dice.below(std::size(kLosing))];
}

bool may_forget(History history) noexcept {
  switch (history) {
    case History::kept:
    case History::lost_disk:
    case History::synchronous_failover:
      return false;
    case History::forgetful:
    case History::forgetful_with_followers:
    case History::lossy_failover:
    case History::restored_backup:
    case History::emptied:
    case History::another_database:
    case History::copy_elsewhere:
    case History::old_primary:
      return true;
  }
  return true;
}

bool may_quarantine(History history) noexcept {
  const bool another = history == History::another_database || history == History::copy_elsewhere;
  return may_forget(history) && !another;
}

}  // namespace holdfast::sim
