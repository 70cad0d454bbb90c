// Plays slots as the sequencers beside the demo's signers would, kills one signer in the middle of
// a slot, starts it again, and lets the audit see every answer.
// Thread rule: the main thread, on whose loop the tasks run.
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>

#include "base/result.h"
#include "base/task.h"
#include "cli/demo/audit.h"
#include "cli/demo/cluster.h"
#include "http/client.h"
#include "os/clock.h"

namespace holdfast::cli::demo {

struct PlaySettings {
  std::int64_t slots = 6;
  std::chrono::milliseconds slot_length{1500};
  /** The node that is killed, in the middle of the second slot; it is back after two slots. */
  std::size_t victim = 0;
};

class Driver {
 public:
  /** All references outlive the driver. Progress is written to `progress`. */
  Driver(Cluster& cluster, HttpClient& client, Clock& clock, Audit& audit, std::ostream& progress,
         PlaySettings settings);

  /** Plays all slots; an error only when a signer cannot be started. */
  Task<Result<void>> play();

  /** Ends play() at the next duty. */
  void stop() noexcept { stopping_ = true; }

 private:
  Task<void> play_slot(Slot slot);
  Task<void> ask(DueDuty duty, std::size_t node);
  void ask_all(const DueDuty& duty);
  Task<void> wait_until(MonotonicTime moment);
  Task<void> wait_for_answers();
  void tell_slot(Slot slot, const AuditReport& before);
  std::chrono::milliseconds since_begin() const;

  Cluster& cluster_;
  HttpClient& client_;
  Clock& clock_;
  Audit& audit_;
  std::ostream& progress_;
  PlaySettings settings_;
  MonotonicTime began_{0};
  std::size_t unanswered_ = 0;
  bool stopping_ = false;
};

}  // namespace holdfast::cli::demo
