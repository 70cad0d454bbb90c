#include "signer/release_memory.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace holdfast {

ReleaseMemory::ReleaseMemory(Journal& journal, Clock& clock, ReleaseMemoryObserver& observer,
                             ReleaseMemorySettings settings)
    : journal_(journal),
      clock_(clock),
      observer_(observer),
      settings_(std::move(settings)),
      beat_(journal.memory().beat().beat),
      newest_release_(journal.memory().beat().newest_release),
      told_active_(active_quarantine() != nullptr) {}

void ReleaseMemory::saw(const RollupAddress& rollup, Slot slot) {
  const SeenSlots& seen = memory().seen();
  const auto found = seen.find(rollup);
  if (found == seen.end() || found->second < slot) journal_.note(SeenEntry{rollup, slot});
  if (memory().quarantine() && memory().quarantine()->learning) learn(rollup, slot);
  if (told_active_ && active_quarantine() == nullptr) {
    told_active_ = false;
    if (memory().quarantine()) observer_.on_quarantine_ended(*memory().quarantine());
  }
}

void ReleaseMemory::learn(const RollupAddress& rollup, Slot slot) {
  const MonotonicTime now = clock_.now();
  if (!learning_until_) learning_until_ = now + settings_.learning_time;
  Quarantine quarantine = *memory().quarantine();
  if (now < *learning_until_) {
    learn_slot(quarantine, rollup, slot, settings_.quarantine_margin);
    if (quarantine == *memory().quarantine()) return;
  } else {
    quarantine.learning = false;
    learning_until_.reset();
    observer_.on_quarantine_learned(quarantine);
  }
  journal_.note(QuarantineEntry{std::move(quarantine)});
}

std::optional<Refusal> ReleaseMemory::judge(const Duty& duty) const {
  return judge_memory(duty, memory(), settings_.node_id);
}

void ReleaseMemory::committed(const Duty& duty) {
  newest_release_ = ReleaseEntry{duty.key, duty.message_hash};
}

Task<Result<void>> ReleaseMemory::settle() {
  const std::uint64_t begun = quarantines_begun_;
  if (quarantines_settled_ == begun) co_return Result<void>();
  // What was noted before goes with it.
  BeatEntry entry{beat_, newest_release_};
  Result<void> written = co_await journal_.write(std::move(entry));
  if (written) quarantines_settled_ = std::max(quarantines_settled_, begun);
  co_return written;
}

Task<Result<void>> ReleaseMemory::beaten(std::int64_t beat) {
  beat_ = beat;
  BeatEntry entry{beat, newest_release_};
  co_return co_await journal_.write(std::move(entry));
}

void ReleaseMemory::halt(Error why) {
  if (!halted_) halted_ = std::move(why);
}

const Quarantine* ReleaseMemory::active_quarantine() const {
  const std::optional<Quarantine>& quarantine = memory().quarantine();
  const bool active =
      quarantine && is_active(*quarantine, memory().seen(), settings_.rollup_address);
  return active ? &*quarantine : nullptr;
}

DatabaseQuestion ReleaseMemory::question() const {
  return {settings_.node_id, newest_release_, beat_, quarantines_begun_};
}

Result<void> ReleaseMemory::on_database(const DatabaseQuestion& asked, const DatabaseFacts& found) {
  DatabaseFacts facts = found;
  std::int64_t beat = asked.beat;
  if (asked.quarantines_begun != quarantines_begun_) {
    // Another connection has met this loss already, while the question was on its way.
    facts.knows_newest_release = true;
    beat = std::min(beat, found.beat);
  }
  DatabaseVerdict verdict = judge_database(memory().pin(), beat, facts);
  if (auto* refused = std::get_if<RefuseDatabase>(&verdict)) {
    observer_.on_database_refused(facts.identity, refused->why);
    return Error{ErrorKind::wrong_database, std::move(refused->why)};
  }
  if (const auto* lost = std::get_if<QuarantineDatabase>(&verdict)) begin(lost->reason, facts);
  if (memory().pin() != facts.identity) {
    // Whatever is released from here on is in the journal after this entry.
    journal_.note(PinEntry{facts.identity});
    observer_.on_database_accepted(facts.identity);
  }
  return {};
}

void ReleaseMemory::begin(QuarantineReason reason, const DatabaseFacts& facts) {
  const std::optional<Quarantine>& existing = memory().quarantine();
  Quarantine quarantine = begin_quarantine(reason, memory().seen(), settings_.quarantine_margin,
                                           existing ? &*existing : nullptr);
  ++quarantines_begun_;
  learning_until_.reset();
  told_active_ = true;
  journal_.note(QuarantineEntry{quarantine});
  // The history begins anew from what this database knows.
  beat_ = facts.beat;
  newest_release_.reset();
  // At once: what told the loss may have been known to this process only, so that a crash before
  // the next beat would forget the quarantine and take the database for whole.
  journal_.note_now(BeatEntry{beat_, newest_release_});
  observer_.on_quarantine_begun(quarantine);
}

}  // namespace holdfast
