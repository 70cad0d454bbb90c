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
  /** S8: nothing is remembered by the node itself. */
  skip_the_journal,
  /** S8: the journal answers before the disk has it. */
  journal_before_fsync,
  /** S8: the journal's compaction forgets old releases and leaves no watermark. */
  forget_in_compaction,
  /** S8: a record that is in doubt is taken for one that failed, and its entry is dropped. */
  drop_what_is_in_doubt,
  /** S4: whatever database there is, it is taken for the right one. */
  skip_the_cluster_pin,
  /** S4: the right database may have lost what it likes. */
  no_quarantine,
  /** S4: a node that was down does not learn how far the others have come. */
  quarantine_without_learning,
  /** S4: a quarantine that begins while a record is under way goes unnoticed. */
  no_second_look,
  /** S4: what the node remembers is signed again in a quarantine. */
  believe_the_journal_in_quarantine,
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
    Mutation::skip_the_journal,
    Mutation::journal_before_fsync,
    Mutation::forget_in_compaction,
    Mutation::drop_what_is_in_doubt,
    Mutation::skip_the_cluster_pin,
    Mutation::no_quarantine,
    Mutation::quarantine_without_learning,
    Mutation::no_second_look,
    Mutation::believe_the_journal_in_quarantine,
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
  std::uint64_t slow_disk = 0;
  /** After how many of its writes a journal is written anew. */
  std::uint64_t compaction = 0;

  static Weather calm() { return {}; }
  static Weather drawn(Dice& dice);
};

/** What becomes of the shared database, or of a node's disk, in a world. */
enum class History : std::uint8_t {
  /** One database that keeps what it has committed. */
  kept = 0,
  /** The database has no triggers and forgets rows: only who released a duty remembers it, so each
      duty is asked of one node; nodes crash. */
  forgetful,
  /** The same; no node crashes, but another one asks for the signature that is there, too. */
  forgetful_with_followers,
  /** A node's disk is lost, and the database loses nothing. */
  lost_disk,
  /** A standby is promoted that has all that was acknowledged. */
  synchronous_failover,
  /** A standby is promoted that lacks up to 3 s. */
  lossy_failover,
  /** A backup is restored that is older than the last beat of every node. */
  restored_backup,
  /** Everything is emptied by hand. */
  emptied,
  /** Another database stands behind the URL for a while. */
  another_database,
  /** The same, but a copy of the right one on another server. */
  copy_elsewhere,
  /** The same, but the primary of before a failover. */
  old_primary,
};

std::string_view name_of(History history) noexcept;
/** More than half of the worlds keep their database. */
History draw_history(Dice& dice);
/** Whether committed rows can be gone, or another database be there, so that a stock node with a
    key of its own is without protection. */
bool may_forget(History history) noexcept;
/** Whether a quarantine is due, or at least no wonder. */
bool may_quarantine(History history) noexcept;

struct SimSettings {
  std::uint64_t seed = 0;
  Mutation mutation = Mutation::none;
  /** Tell what happens on stdout. */
  bool verbose = false;
};

}  // namespace holdfast::sim
