// Journal: a node's own, durable memory of what it released (S8). Every implementation (the file
// of a daemon, the simulated disk of tests) is one do_write; what must not differ is here.
//
// Order: begin_release() puts the entry into the memory at once and starts writing it, beside the
// store's own commit; finish() gives the JournaledRelease, without which no seal is opened, when
// the entry is durable. A release that the store refused for certain is taken back with drop(), so
// that it does not stand in the way of another message; what is in doubt stays.
//
// Invariants: S8, S5 (an entry that could not be made durable gives no JournaledRelease).
// Thread rule: called and answered on one thread, the I/O thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "duty/duty.h"
#include "protection/node_memory.h"

namespace holdfast {

class Journal;

/** Proof that a release is in the journal for good. Move-only, used up by opening one seal. */
class [[nodiscard]] JournaledRelease {
 public:
  JournaledRelease(JournaledRelease&&) = default;
  JournaledRelease& operator=(JournaledRelease&&) = default;
  JournaledRelease(const JournaledRelease&) = delete;
  JournaledRelease& operator=(const JournaledRelease&) = delete;

  const Duty& duty() const noexcept { return duty_; }

 private:
  friend class Journal;
  explicit JournaledRelease(Duty duty) : duty_(std::move(duty)) {}
  Duty duty_;
};

/** A release on its way to the disk. Move-only; finished or dropped once. */
class [[nodiscard]] PendingRelease {
 public:
  PendingRelease(PendingRelease&&) = default;
  PendingRelease& operator=(PendingRelease&&) = default;
  PendingRelease(const PendingRelease&) = delete;
  PendingRelease& operator=(const PendingRelease&) = delete;

 private:
  friend class Journal;
  struct State;
  explicit PendingRelease(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/** Which journal this is and how far it has come; the database remembers both, so that a journal
    that is missing or was set back is noticed. */
struct JournalIdentity {
  /** 32 random hex digits, made with the journal. */
  std::string journal_id;
  /** How often it was written to; rises with every write. */
  std::uint64_t sequence = 0;
};

class Journal {
 public:
  virtual ~Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /** What is remembered: durable, or on its way to be. */
  const NodeMemory& memory() const noexcept { return memory_; }

  /** CHECKs that the memory has no other message for the duty: ask it first. */
  PendingRelease begin_release(const Duty& duty);

  /** Waits until it is durable. The store's record must have succeeded; from now on the release
      counts as made. */
  Task<Result<JournaledRelease>> finish(PendingRelease pending);

  /** The store has refused the record for certain: no signature can be out. Where another attempt
      of the same message made or makes it too, it stays. */
  void drop(PendingRelease pending);

  /** Leaves it as it is: the record is in doubt. */
  void leave(PendingRelease pending);

  /** Remembers the entry and makes it durable. */
  Task<Result<void>> write(JournalEntry entry);

  /** Remembers the entry; it becomes durable together with the next one that somebody waits for,
      before that one does. */
  void note(JournalEntry entry);

  /** Remembers the entry and has it written now, though nobody waits for it; what was noted before
      goes with it. */
  void note_now(JournalEntry entry);

  virtual JournalIdentity identity() const = 0;

 protected:
  Journal() = default;

  /** Makes the entries durable, in the order of the calls, and calls `done` once, later or now, on
      this thread. An empty `done`: nobody waits, and they may go with the next. The memory has
      taken them up already. */
  virtual void do_write(std::vector<JournalEntry> entries,
                        std::function<void(Result<void>)> done) = 0;

  /** For an implementation that reads its entries when it is opened. */
  NodeMemory& restored_memory() noexcept { return memory_; }

 private:
  /** How many attempts of this process hold an entry, and whether one of them was released. */
  struct Holders {
    std::size_t attempts = 0;
    bool stays = false;
  };

  void let_go(PendingRelease& pending, bool stays);
  void remember(JournalEntry entry, std::function<void(Result<void>)> done);

  NodeMemory memory_;
  /** Only of releases that began in this process and are not yet settled. */
  std::map<DutyKey, Holders> holders_;
};

}  // namespace holdfast
