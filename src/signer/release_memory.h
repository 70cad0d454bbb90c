// ReleaseMemory: a node's own memory at work: it judges duties before the store is asked, meets the
// databases that connections lead to, and begins and ends quarantines. What it decides is pure
// (protection/judge_memory.h, database_pin.h, quarantine.h); what it remembers is the journal's.
//
// Invariants: S4, S8. Thread rule: the I/O thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "os/clock.h"
#include "protection/judge_memory.h"
#include "store/database_watch.h"
#include "store/journal/journal.h"

namespace holdfast {

struct ReleaseMemorySettings {
  std::string node_id;
  /** The rollup that the node signs for; absent: all that it is asked for. */
  std::optional<RollupAddress> rollup_address = std::nullopt;
  /** HOLDFAST_QUARANTINE_MARGIN_SLOTS. */
  SlotMargin quarantine_margin{2};
  /** How long after the first request of a quarantine the slots that are asked for raise its
      floor, and every duty is refused. */
  std::chrono::milliseconds learning_time{10'000};
};

/** What happens in the memory, for logs and metrics. Observers decide nothing. */
class ReleaseMemoryObserver {
 public:
  virtual ~ReleaseMemoryObserver() = default;
  virtual void on_database_accepted(const DatabaseIdentity&) {}
  virtual void on_database_refused(const DatabaseIdentity&, const std::string& /*why*/) {}
  virtual void on_quarantine_begun(const Quarantine&) {}
  virtual void on_quarantine_learned(const Quarantine&) {}
  /** Duties above the floor of every rollup are being asked for. */
  virtual void on_quarantine_ended(const Quarantine&) {}
};

class ReleaseMemory final : public DatabaseWatch {
 public:
  /** All references outlive it. */
  ReleaseMemory(Journal& journal, Clock& clock, ReleaseMemoryObserver& observer,
                ReleaseMemorySettings settings);

  /** Remembers the slot of a request, whatever becomes of it. Before judge(). */
  void saw(const RollupAddress& rollup, Slot slot);

  /** Why the duty must not be signed; nullopt when the store may be asked. */
  std::optional<Refusal> judge(const Duty& duty) const;

  /** Counts the quarantines that began in this process. A signature that was under way when one
      began must not be released: the lock that it was made under may be one of a history that the
      database has lost. */
  std::uint64_t quarantines_begun() const noexcept { return quarantines_begun_; }

  /** The duty's record is committed in the database. */
  void committed(const Duty& duty);
  /** Makes a quarantine that has begun durable. Before everything that raises this node's beat in
      the database, which must not be done on an error: a beat that has caught up with the one in
      the journal would hide the loss from the next process, should this one crash. */
  Task<Result<void>> settle();
  /** The node's beat is committed in the database. Answers when the journal has it. */
  Task<Result<void>> beaten(std::int64_t beat);
  /** The highest beat that is known to be committed. */
  std::int64_t beat() const noexcept { return beat_; }

  /** From now on nothing is signed, because `why`; for ever. */
  void halt(Error why);
  const std::optional<Error>& halted() const noexcept { return halted_; }

  /** The quarantine if it is active. */
  const Quarantine* active_quarantine() const;

  Journal& journal() noexcept { return journal_; }
  const NodeMemory& memory() const noexcept { return journal_.memory(); }

  DatabaseQuestion question() const override;
  Result<void> on_database(const DatabaseQuestion& asked, const DatabaseFacts& facts) override;

 private:
  void begin(QuarantineReason reason, const DatabaseFacts& facts);
  void learn(const RollupAddress& rollup, Slot slot);

  Journal& journal_;
  Clock& clock_;
  ReleaseMemoryObserver& observer_;
  ReleaseMemorySettings settings_;
  /** What this process knows to be committed; newer than the journal's last beat entry. */
  std::int64_t beat_ = 0;
  std::optional<ReleaseEntry> newest_release_;
  std::uint64_t quarantines_begun_ = 0;
  /** Those of them that the journal is known to have. */
  std::uint64_t quarantines_settled_ = 0;
  /** Since the first request of the quarantine. */
  std::optional<MonotonicTime> learning_until_;
  bool told_active_ = false;
  std::optional<Error> halted_;
};

}  // namespace holdfast
