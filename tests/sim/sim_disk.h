// A node's simulated disk, and the journal that a process keeps on it. Writes take time and may
// fail; a crash loses what was not durable, and a write in flight may be on the disk in part.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/process_clock.h"
#include "sim/sim_context.h"
#include "sim/sim_settings.h"
#include "store/journal/journal.h"

namespace holdfast::sim {

/** What outlives the process. */
struct SimDisk {
  std::vector<JournalEntry> entries;
  /** While true every write fails. */
  bool full = false;
};

/** The beat that a process which starts from this disk knows to be committed. */
std::int64_t beat_on(const SimDisk& disk);
/** The timeline that it is pinned to; 0 where there is no pin. */
std::int64_t timeline_on(const SimDisk& disk);

class SimJournal final : public Journal {
 public:
  /** All references outlive it and every call in flight. */
  SimJournal(SimContext& context, ProcessClock& process, SimDisk& disk);

  /** The process ends here and now. */
  void crash();

  JournalIdentity identity() const override {
    return {"00000000000000000000000000000000", writes_};
  }

 protected:
  void do_write(std::vector<JournalEntry> entries, std::function<void(Result<void>)> done) override;

 private:
  struct Write {
    std::vector<JournalEntry> entries;
    std::function<void(Result<void>)> done;
  };

  /** Starts writing all that waits, unless a write is under way or nobody waits for one. */
  void write_next();
  void on_written();
  void answer(std::vector<Write> writes, const Result<void>& result);
  /** Now and then the journal is written anew, without what is old. */
  void compact();

  SimContext& context_;
  ProcessClock& process_;
  SimDisk& disk_;
  std::vector<Write> waiting_;
  std::vector<Write> in_flight_;
  std::uint64_t writes_ = 0;
  bool crashed_ = false;
};

}  // namespace holdfast::sim
