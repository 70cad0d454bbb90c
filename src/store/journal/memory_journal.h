// MemoryJournal: a journal without a disk, for tests. It answers at once, and fails when it is told
// to. No daemon is given one.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/journal/journal.h"

namespace holdfast {

class MemoryJournal final : public Journal {
 public:
  /** `from_before` is what an earlier process left. */
  explicit MemoryJournal(std::vector<JournalEntry> from_before = {})
      : entries_(std::move(from_before)) {
    for (const JournalEntry& entry : entries_) restored_memory().apply(entry);
  }

  /** The next `writes` that somebody waits for fail with this error. */
  void fail_next(std::size_t writes, Error error) {
    failures_ = writes;
    error_ = std::move(error);
  }

  /** Everything that is durable. */
  const std::vector<JournalEntry>& entries() const noexcept { return entries_; }

  JournalIdentity identity() const override { return {std::string(32, '0'), sequence_}; }

 protected:
  void do_write(std::vector<JournalEntry> entries,
                std::function<void(Result<void>)> done) override {
    for (JournalEntry& entry : entries) waiting_.push_back(std::move(entry));
    if (!done) return;
    if (failures_ > 0) {
      --failures_;
      return done(error_);
    }
    for (JournalEntry& entry : waiting_) entries_.push_back(std::move(entry));
    waiting_.clear();
    ++sequence_;
    done({});
  }

 private:
  std::vector<JournalEntry> entries_;
  std::vector<JournalEntry> waiting_;
  std::uint64_t sequence_ = 0;
  std::size_t failures_ = 0;
  Error error_;
};

}  // namespace holdfast
