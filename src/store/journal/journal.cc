#include "store/journal/journal.h"

#include <coroutine>

#include "base/check.h"

namespace holdfast {

/** Shared by the attempt that waits and by the writing that answers it. */
struct PendingRelease::State {
  Duty duty;
  std::optional<Result<void>> written;
  std::function<void(Result<void>)> waiting;
};

PendingRelease Journal::begin_release(const Duty& duty) {
  const std::optional<MessageHash> known = memory_.released(duty.key);
  CHECK(!known || *known == duty.message_hash);
  Holders& holders = holders_[duty.key];
  // What the memory has from before, or for good, no attempt takes back.
  if (known && holders.attempts == 0) holders.stays = true;
  ++holders.attempts;

  auto state = std::make_shared<PendingRelease::State>();
  state->duty = duty;
  ReleaseEntry entry{duty.key, duty.message_hash};
  memory_.apply(entry);
  std::vector<JournalEntry> entries;
  entries.emplace_back(std::move(entry));
  do_write(std::move(entries), [state](Result<void> written) {
    if (state->waiting) {
      const auto waiting = std::exchange(state->waiting, nullptr);
      return waiting(std::move(written));
    }
    state->written.emplace(std::move(written));
  });
  return PendingRelease(std::move(state));
}

Task<Result<JournaledRelease>> Journal::finish(PendingRelease pending) {
  const std::shared_ptr<PendingRelease::State> state = pending.state_;
  CHECK(state != nullptr);
  let_go(pending, true);
  auto awaitable = from_callback<Result<void>>([state](auto resume) {
    if (state->written) return resume(*std::exchange(state->written, std::nullopt));
    state->waiting = std::move(resume);
  });
  const Result<void> written = co_await awaitable;
  if (!written) co_return written.error();
  co_return JournaledRelease(state->duty);
}

void Journal::drop(PendingRelease pending) {
  let_go(pending, false);
}

void Journal::leave(PendingRelease pending) {
  let_go(pending, true);
}

void Journal::let_go(PendingRelease& pending, bool stays) {
  CHECK(pending.state_ != nullptr);
  const Duty& duty = pending.state_->duty;
  const auto found = holders_.find(duty.key);
  CHECK(found != holders_.end() && found->second.attempts > 0);
  Holders& holders = found->second;
  holders.stays = holders.stays || stays;
  if (--holders.attempts > 0) return;
  const bool forgotten = !holders.stays;
  holders_.erase(found);
  if (forgotten) note(DropEntry{duty.key, duty.message_hash});
  pending.state_.reset();
}

Task<Result<void>> Journal::write(JournalEntry entry) {
  memory_.apply(entry);
  std::vector<JournalEntry> entries;
  entries.emplace_back(std::move(entry));
  auto awaitable = from_callback<Result<void>>(
      [this, &entries](auto resume) { do_write(std::move(entries), std::move(resume)); });
  co_return co_await awaitable;
}

void Journal::note(JournalEntry entry) {
  remember(std::move(entry), nullptr);
}

void Journal::note_now(JournalEntry entry) {
  // Whether it succeeded is no matter of ours: what failed is written with what comes next.
  remember(std::move(entry), [](const Result<void>&) {});
}

void Journal::remember(JournalEntry entry, std::function<void(Result<void>)> done) {
  memory_.apply(entry);
  std::vector<JournalEntry> entries;
  entries.emplace_back(std::move(entry));
  do_write(std::move(entries), std::move(done));
}

}  // namespace holdfast
